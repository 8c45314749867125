/** What happens in the simulated telecom, and how strongly, on each day. Days count from the first live day. */

/** The campaign: new and existing customers get a cut price for five months at most. */
export const campaign = { from: 60, full: 74, until: 150, over: 180 } as const

/** The competitor's offer: announced on day 195, everywhere on the air three weeks later, and it stays. */
export const offer = { from: 195, full: 216 } as const

/** Days until it is known whether a customer has left. */
export const outcomeDays = 30

/** Share of the campaign's full strength on `day`, 0 … 1: up within two weeks, down within thirty days after its end. */
export function campaignStrength(day: number): number {
  if (day < campaign.until) return clamp01((day - campaign.from) / (campaign.full - campaign.from))
  return clamp01((campaign.over - day) / (campaign.over - campaign.until))
}

/**
 * Mean strength of the competitor's offer over the outcome window `day … day + 30`, 0 … 1. A customer scored ten days
 * before the offer has twenty days left to take it: the outcome feels the offer up to thirty days before the
 * calendar does.
 *
 *     s(u) = clamp((u − 195) / 21, 0, 1)          S(day) = (1/30) · ∫ s(u) du,  u = day … day + 30
 */
export function offerStrength(day: number): number {
  return (offerIntegral(day + outcomeDays) - offerIntegral(day)) / outcomeDays
}

/** ∫ s(u) du up to `day`: zero, then a parabola, then a line. */
function offerIntegral(day: number): number {
  const ramp = offer.full - offer.from
  if (day <= offer.from) return 0
  if (day <= offer.full) return (day - offer.from) ** 2 / (2 * ramp)
  return ramp / 2 + (day - offer.full)
}

function clamp01(x: number): number {
  return Math.min(1, Math.max(0, x))
}
