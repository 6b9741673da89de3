// Twenty expressions as rules of a BFF have them, chosen before anything was optimised, and each by hand in TypeScript.
import type { Order, User } from "./shapes.ts";

/** The variables of all expressions. `now` is a timestamp. */
export interface Values {
  readonly user: User;
  readonly order: Order;
  readonly now: { readonly seconds: bigint; readonly nanos: number };
}

export interface Measured {
  readonly cel: string;
  readonly byHand: (values: Values) => unknown;
}

const GOLD = 2;
const DAY_SECONDS = 86_400n;
const EMAIL = /^[a-z0-9._]+@[a-z]+\.[a-z]+$/;

export const EXPRESSIONS: readonly Measured[] = [
  { cel: "user.points", byHand: ({ user }) => user.points },
  { cel: "user.active && user.age >= 18", byHand: ({ user }) => user.active && user.age >= 18 },
  { cel: "user.name + ' <' + user.email + '>'", byHand: ({ user }) => `${user.name} <${user.email}>` },
  { cel: "'admin' in user.roles", byHand: ({ user }) => user.roles.includes("admin") },
  {
    cel: "user.tier == Tier.TIER_GOLD && user.points > 1000",
    byHand: ({ user }) => user.tier === GOLD && user.points > 1000n,
  },
  {
    cel: "user.address.country in ['DE', 'AT', 'CH']",
    byHand: ({ user }) => ["DE", "AT", "CH"].includes(user.address?.country ?? ""),
  },
  {
    cel: "has(user.address) && user.address.city != ''",
    byHand: ({ user }) => user.address !== undefined && user.address.city !== "",
  },
  { cel: "order.items.map(i, i.sku)", byHand: ({ order }) => order.items.map((item) => item.sku) },
  {
    cel: "order.items.filter(i, i.available).map(i, i.sku)",
    byHand: ({ order }) => order.items.filter((item) => item.available).map((item) => item.sku),
  },
  {
    cel: "order.items.exists(i, i.quantity > 5)",
    byHand: ({ order }) => order.items.some((item) => item.quantity > 5),
  },
  {
    cel: "order.items.all(i, i.price > 0.0 && i.quantity > 0)",
    byHand: ({ order }) => order.items.every((item) => item.price > 0 && item.quantity > 0),
  },
  {
    cel: "order.total_cents / 100 + (order.total_cents % 100 > 50 ? 1 : 0)",
    byHand: ({ order }) => addChecked(order.totalCents / 100n, order.totalCents % 100n > 50n ? 1n : 0n),
  },
  {
    cel: "order.discount > 0.0 ? double(order.total_cents) * (1.0 - order.discount) : double(order.total_cents)",
    byHand: ({ order }) =>
      order.discount > 0 ? Number(order.totalCents) * (1 - order.discount) : Number(order.totalCents),
  },
  {
    cel: "'env' in user.labels ? user.labels['env'] : 'none'",
    byHand: ({ user }) => (Object.hasOwn(user.labels, "env") ? user.labels.env : "none"),
  },
  {
    cel: "user.email.endsWith('@example.com') || user.email.contains('+test')",
    byHand: ({ user }) => user.email.endsWith("@example.com") || user.email.includes("+test"),
  },
  { cel: "string(user.points) + ' points'", byHand: ({ user }) => `${user.points} points` },
  {
    cel: "size(order.items) > 0 && order.items[0].price < 100.0",
    byHand: ({ order }) => order.items.length > 0 && (order.items[0]?.price ?? 0) < 100,
  },
  {
    cel: "now - order.placed < duration('24h')",
    byHand: ({ order, now }) => {
      const placed = order.placed ?? { seconds: 0n, nanos: 0 };
      const seconds = now.seconds - placed.seconds;
      return seconds < DAY_SECONDS || (seconds === DAY_SECONDS && now.nanos < placed.nanos);
    },
  },
  { cel: "user.email.matches('^[a-z0-9._]+@[a-z]+\\\\.[a-z]+$')", byHand: ({ user }) => EMAIL.test(user.email) },
  {
    cel: "user.active && order.items.filter(i, i.price > 10.0).exists(i, 'sale' in i.tags)",
    byHand: ({ user, order }) =>
      user.active && order.items.filter((item) => item.price > 10).some((item) => item.tags.includes("sale")),
  },
];

function addChecked(a: bigint, b: bigint): bigint {
  const sum = a + b;
  if (sum < -(2n ** 63n) || sum > 2n ** 63n - 1n) throw new RangeError("overflow");
  return sum;
}
