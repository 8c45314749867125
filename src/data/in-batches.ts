/** Work on all of a list, some at a time; what each part gives, in order. */
export async function inBatches<In, Out>(
  all: readonly In[],
  size: number,
  work: (batch: In[]) => Promise<Out[]>,
): Promise<Out[]> {
  const done: Out[] = []
  for (let from = 0; from < all.length; from += size) done.push(...(await work(all.slice(from, from + size))))
  return done
}
