import { createClient } from "@connectrpc/connect";
import { addStaticKeyToTransport, createQueryOptions } from "@connectrpc/connect-query-core";
import { type Selected, select } from "@protobff/client";
import { dehydrate, HydrationBoundary, QueryClient } from "@tanstack/react-query";
import { revalidatePath } from "next/cache";
import { headers } from "next/headers";
import { Suspense } from "react";
import { bff } from "../bff";
import { ProductPageSchema, ShopService } from "../gen/shop/v1/shop_pb";
import { Product, Shop } from "./shop";

const FIELDS = select(ProductPageSchema, { title: true, likes: true, available: true, degraded: true });
export type Shown = Selected<typeof FIELDS>;

/** Returns a transport for one request. `headers()` comes first, so that no build opens the BFF. */
async function transport() {
  const incoming = await headers();
  return addStaticKeyToTransport((await bff()).transport({ headers: incoming }), "shop");
}

async function reserve(form: FormData): Promise<void> {
  "use server";
  await createClient(ShopService, await transport()).reserveProduct({ id: String(form.get("id")) });
  revalidatePath("/");
}

export default async function Page({ searchParams }: { readonly searchParams: Promise<{ readonly id?: string }> }) {
  const { id = "1" } = await searchParams;
  const request = { id, fields: FIELDS.mask };
  const queries = new QueryClient();
  const options = createQueryOptions(ShopService.method.getProductPage, request, { transport: await transport() });
  // Not awaited: the page is sent before the answer.
  void queries.prefetchQuery(options);
  return (
    <Shop>
      <HydrationBoundary state={dehydrate(queries, { shouldDehydrateQuery: () => true })}>
        <Suspense fallback={<p>Loading</p>}>
          <Product request={request} />
        </Suspense>
      </HydrationBoundary>
      <form action={reserve}>
        <button type="submit" name="id" value={id}>
          Reserve
        </button>
      </form>
    </Shop>
  );
}
