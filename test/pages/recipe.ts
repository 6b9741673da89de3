// Generates a recipe of docs/cookbook.md and runs it over upstreams that answer as configured here.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Identity, type IdentitySpec, openIdentity } from "@protobff/runtime/identity";
import { onTestFinished } from "vitest";
import { startIssuer, tokenOf } from "../features/identity/token-issuer.ts";
import { type Stubbed, type StubbedBff, type StubbedOptions, type Stubs, stubbed } from "../support/stubbed-bff.ts";
import { cookbook } from "./cookbook.ts";

export const { recipes, upstreams } = cookbook();

/** Answers of every upstream, unless a test replaces them. */
export const STUBS: Stubs = {
  "catalog.v1.CatalogService/GetProduct": ({ productId }) => ({
    id: String(productId),
    title: `product ${String(productId)}`,
    status: "STATUS_ON_SALE",
    sellerId: "s1",
  }),
  "catalog.v1.CatalogService/Search": ({ region = "", limit = 3 }) => ({
    products: [1, 2, 3].slice(0, Number(limit)).map((n) => ({
      id: `${String(region)}${n}`,
      title: `${String(region)} ${n}`,
      sellerId: n === 3 ? "s2" : "s1",
      score: n + String(region).length / 10,
    })),
  }),
  "stock.v1.StockService/GetStock": () => ({ available: 4 }),
  "stock.v1.StockService/ListWarehouses": () => ({ names: ["north"] }),
  "user.v1.UserService/GetUser": ({ id }) => ({ id: String(id), name: `user ${String(id)}`, tenant: "north" }),
  "user.v1.UserService/BatchGetUsers": ({ ids }) => ({
    users: (ids as string[]).filter((id) => id !== "s2").map((id) => ({ id, name: `user ${id}` })),
  }),
  "review.v1.ReviewService/ListReviews": () => ({
    reviews: [
      { text: "good", stars: 5 },
      { text: "fair", stars: 2 },
    ],
  }),
  "recommend.v1.RecommendService/Recommend": () => ({ productIds: ["p7", "p8"] }),
  "recommend.v2.RecommendService/Recommend": () => ({
    items: [
      { productId: "p1", score: 0.5 },
      { productId: "p2", score: 0.9 },
    ],
  }),
  "price.v1.PriceService/BatchGetPrices": ({ prices }) => ({
    prices: (prices as JsonObject[])
      .filter(({ productId }) => productId !== "2")
      .map(({ productId, currency }) => ({ name: `products/${productId}/prices/${currency}`, cents: "1250" })),
  }),
  "order.v1.OrderService/PlaceOrder": ({ userId }) => ({ id: `order of ${String(userId ?? "nobody")}` }),
  "mail.v1.MailService/Send": () => ({ id: "m1" }),
};
export const fails = (code: Code) => () => {
  throw new ConnectError("said by the upstream", code);
};
export const DOWN = fails(Code.Unavailable);
/** Headers that any client can send; a BFF must not trust them. */
export const ANYBODY = { "x-user-id": "u9" };

interface Running extends StubbedBff {
  /** Headers of a caller who is known, where the recipe has an identity. */
  as(subject: string, claims?: object): Promise<Readonly<Record<string, string>>>;
}
export async function start(title: string, { stubs, ...options }: Partial<StubbedOptions> = {}): Promise<Running> {
  const recipe = recipes.find((recipe) => recipe.title === title);
  if (recipe === undefined) throw new Error(`no recipe ${title}`);
  const protos = { ...upstreams, ...recipe.protos };
  const made = await stubbed({ name: recipe.name, protos, targets: Object.keys(recipe.protos) }, recipe.beside);
  onTestFinished(made.remove);
  const defaults: Partial<StubbedOptions> = "resolvers.ts" in recipe.beside ? await made.load("resolvers.ts") : {};
  const issuer = await startIssuer();
  const identity = recipe.protos["shop/v1/shop.proto"]?.includes("identity:") && (await identityOf(made, issuer));
  const bff = await made.serve({
    ...defaults,
    ...options,
    ...(identity && { identity }),
    stubs: { ...STUBS, ...stubs },
  });
  onTestFinished(bff.close);
  const as = async (sub: string, claims = {}) => {
    return { ...ANYBODY, authorization: `Bearer ${await tokenOf(issuer, { sub, ...claims }, "shop")}` };
  };
  return { ...bff, as };
}
/** The recipe's own, with a key to sign by. */
async function identityOf(made: Stubbed, issuer: string): Promise<Identity> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-cookbook-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  writeFileSync(join(folder, "key.pem"), pem, { mode: 0o600 });
  const { createIdentity } = await made.load("gen/shop/v1/identity.ts");
  const environment = { BFF_IDENTITY_ISSUER: "https://shop.example", BFF_IDENTITY_KEY_FILES: join(folder, "key.pem") };
  const spec = (createIdentity as (env: object) => IdentitySpec<Message>)({ OIDC_ISSUER: issuer });
  const identity = await openIdentity(spec, { environment });
  onTestFinished(() => identity.close());
  await identity.opened;
  return identity;
}
export const get = async (
  bff: StubbedBff,
  rpc: string,
  request: JsonObject,
  headers: Readonly<Record<string, string>> = ANYBODY,
): Promise<JsonObject> => (await bff.send(`shop.v1.ShopService/${rpc}`, request, headers)).body;
/** "path: effect" of each entry. */
export const degraded = (body: JsonObject): string[] =>
  ((body.degraded ?? []) as JsonObject[]).map(({ path, effect }) => `${String(path)}: ${String(effect)}`);
