import type { Values } from "./expressions.ts";

/** The values as @marcbachmann/cel-js takes them: plain objects with the names of the proto, integers as `bigint`, times as dates. */
export function plainValues({ user, order, now }: Values): Record<string, unknown> {
  const date = (time: Values["now"] | undefined): Date => new Date(Number(time?.seconds ?? 0n) * 1000);
  return {
    user: { ...user, age: BigInt(user.age), tier: BigInt(user.tier) },
    order: {
      items: order.items.map((item) => ({ ...item, quantity: BigInt(item.quantity) })),
      total_cents: order.totalCents,
      discount: order.discount,
      placed: date(order.placed),
    },
    now: date(now),
    Tier: { TIER_GOLD: 2n },
  };
}
