// Requests to the second BFF: any number of them, most good, some that its guards refuse.
import { create, type DescMethodUnary, type FileRegistry, type Message } from "@bufbuild/protobuf";
import { below, pick, type Random, seeded } from "./random-message.ts";
import { isUnary } from "./registry.ts";

export interface SecondRequest {
  readonly method: DescMethodUnary;
  readonly message: Message;
  readonly headers: Readonly<Record<string, string>>;
}

const fields: Readonly<Record<string, (random: Random) => Record<string, unknown>>> = {
  "StorefrontService/GetHome": (random) => ({
    locale: pick(random, ["", "fi", "sv-FI", "far-too-long-a-locale"]),
    ...(random() < 0.5 ? { cards: below(random, 12) } : {}),
  }),
  "StorefrontService/GetProduct": (random) => ({
    id: pick(random, ["", product(random), product(random), product(random), product(random)]),
    warehouse: pick(random, ["", "central", "north"]),
    currency: pick(random, ["", "EUR", "USD"]),
    withReviews: random() < 0.7,
    reviewsOrder: pick(random, [0, 1, 2, 2, 1, 0, 3]),
  }),
  "StorefrontService/GetCard": (random) => ({ id: product(random), currency: "EUR", campaign: "spring" }),
  "StorefrontService/Search": (random) => ({
    query: pick(random, ["", " Amber ", "birch table"]),
    pageSize: below(random, 40),
    brands: random() < 0.5 ? [] : ["flint", "dune"],
    currency: pick(random, ["", "USD"]),
  }),
  "StorefrontService/Compare": (random) => ({
    // now and then one twice, which a map of columns cannot hold
    ids: Array.from({ length: below(random, 7) }, (_, index) =>
      random() < 0.04 ? "x" : `p${random() < 0.04 ? 0 : index * 3 + below(random, 3)}`,
    ),
    currency: "EUR",
  }),
  "StorefrontService/GetAvailability": (random) => ({
    skus: Array.from({ length: below(random, 9) }, () => BigInt(below(random, 30))),
    warehouses: ["central", "north", "south"].slice(0, below(random, 4)),
  }),
  "AccountService/GetAccount": (random) => ({ id: `a${below(random, 30)}` }),
  "AccountService/GetOrder": (random) => ({ id: `o${below(random, 60)}` }),
  "CheckoutService/GetCart": (random) => ({
    accountId: `a${below(random, 60)}`,
    country: pick(random, ["", "FI", "SE"]),
  }),
  "CheckoutService/Checkout": (random) => ({
    accountId: random() < 0.03 ? "" : `a${below(random, 60)}`,
    methodId: pick(random, ["", "visa"]),
    giftCodes: ["", "SPRING", "TEN", "VIP"].slice(0, below(random, 5)),
    note: random() < 0.04 ? "long ".repeat(50) : pick(random, ["", "ring twice"]),
    gift: random() < 0.3,
  }),
};

/** The rpcs in turn; the rest by the seed and the number. */
export function secondRequest(registry: FileRegistry, number: number, seed = 0): SecondRequest {
  const names = Object.keys(fields);
  const name = names[number % names.length]!;
  const random = seeded("request", seed, number);
  const [serviceName, methodName] = name.split("/");
  const service = registry.getService(`shop.v1.${serviceName}`);
  const method = service?.methods.find((candidate) => candidate.name === methodName);
  if (!isUnary(method)) throw new Error(`no rpc shop.v1.${name}`);
  const maybe = (header: string, values: readonly string[], part: number) =>
    random() < part ? { [header]: pick(random, values) } : {};
  return {
    method,
    message: create(method.input, fields[name]!(random)),
    headers: {
      ...maybe("authorization", ["Bearer one", "Bearer two"], 0.9),
      ...maybe("accept-language", ["fi", "en"], 0.7),
      ...maybe("x-account-id", ["a1", "a2", "a3"], 0.6),
      ...maybe("x-audience", ["new", "regular"], 0.5),
      ...maybe("x-staff", ["yes"], 0.2),
      ...maybe("x-tenant", ["t1"], 0.3),
      "x-request-id": `r${seed}-${number}`,
    },
  };
}

function product(random: Random): string {
  return `p${below(random, 20)}`;
}
