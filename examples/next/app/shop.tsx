"use client";

import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  addStaticKeyToTransport,
  createConnectQueryKey,
  TransportProvider,
  useMutation,
  useSuspenseQuery,
} from "@connectrpc/connect-query";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Degraded } from "@protobff/client/react";
import { QueryClient, QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type GetProductPageRequestSchema, ShopService } from "../gen/shop/v1/shop_pb";
import type { Shown } from "./page";

const { getProductPage, likeProduct } = ShopService.method;
type Request = MessageInitShape<typeof GetProductPageRequestSchema>;

// The key of the server's transport, so that its answers count as those of this one.
const TRANSPORT = addStaticKeyToTransport(createConnectTransport({ baseUrl: "/api" }), "shop");

export function Shop({ children }: { readonly children: ReactNode }) {
  // `staleTime`: a component that mounts later does not request the same answer again.
  const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 60_000 } } }));
  return (
    <TransportProvider transport={TRANSPORT}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </TransportProvider>
  );
}

export function Product({ request }: { readonly request: Request }) {
  const { data } = useSuspenseQuery(getProductPage, request, { select: (page): Shown => page });
  const like = useLike(request);
  return (
    <article>
      <h1>{data.title}</h1>
      <button type="button" onClick={() => like.mutate({ id: request.id })}>
        {data.likes} likes
      </button>
      <Degraded of={data} field="available" fallback={<p>The stock is unknown.</p>}>
        <p>{data.available} available</p>
      </Degraded>
    </article>
  );
}

/** Shows a like before the server has answered, and takes it back if the server refuses. */
function useLike(input: Request) {
  const queries = useQueryClient();
  const queryKey = createConnectQueryKey({
    schema: getProductPage,
    input,
    transport: TRANSPORT,
    cardinality: "finite",
  });
  const show = (likes: (shown: number) => number) =>
    queries.setQueryData(queryKey, (page) => page && { ...page, likes: likes(page.likes) });
  return useMutation(likeProduct, {
    onMutate: async () => {
      await queries.cancelQueries({ queryKey });
      show((likes) => likes + 1);
    },
    onSuccess: ({ likes }) => show(() => likes),
    onError: () => show((likes) => likes - 1),
  });
}
