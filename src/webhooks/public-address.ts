import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AddressNotPublic } from './errors.ts'

/** What is not the Internet: this machine, its networks, and what routers keep for themselves. */
const NOT_PUBLIC = new BlockList()
for (const [network, bits] of [
  ...[['0.0.0.0', 8] as const, ['10.0.0.0', 8] as const, ['100.64.0.0', 10] as const, ['127.0.0.0', 8] as const],
  ...[['169.254.0.0', 16] as const, ['172.16.0.0', 12] as const, ['192.0.0.0', 24] as const],
  ...[['192.0.2.0', 24] as const, ['192.168.0.0', 16] as const, ['198.18.0.0', 15] as const],
  ...[['198.51.100.0', 24] as const, ['203.0.113.0', 24] as const, ['224.0.0.0', 3] as const],
])
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4')

/** The global unicast range, apart from those of its parts that lead elsewhere: documentation, Teredo, 6to4. */
const PUBLIC_V6 = new BlockList()
PUBLIC_V6.addSubnet('2000::', 3, 'ipv6')
const ELSEWHERE_V6 = new BlockList()
ELSEWHERE_V6.addSubnet('2001::', 23, 'ipv6')
ELSEWHERE_V6.addSubnet('2001:db8::', 32, 'ipv6')
ELSEWHERE_V6.addSubnet('2002::', 16, 'ipv6')

export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.check(address, 'ipv4')
  return isIP(address) === 6 && PUBLIC_V6.check(address, 'ipv6') && !ELSEWHERE_V6.check(address, 'ipv6')
}

/**
 * For the connection itself: what a name means is looked up once and checked then, so that it cannot mean something else
 * between a check and the connection.
 */
export const publicLookup: LookupFunction = (host, options, callback) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    const inside = found?.find(({ address }) => !isPublicAddress(address))
    if (error || inside || found.length === 0)
      return callback(error ?? new AddressNotPublic(host, inside?.address ?? 'no address'), [])
    callback(null, found)
  })
}
