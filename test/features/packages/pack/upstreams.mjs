// Both upstreams on one port, which is the only line printed; the stock service knows no product.
import http2 from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { CatalogService } from "./gen/catalog/v1/catalog_pb.ts";
import { StockService } from "./gen/stock/v1/stock_pb.ts";

const routes = (router) => {
  router.service(CatalogService, { getProduct: ({ id }) => ({ id, name: `Product ${id}`, tags: ["new", "xs"] }) });
  router.service(StockService, {
    getStock: ({ productId }) => {
      if (productId === "unknown") throw new ConnectError("no such product", Code.NotFound);
      return { pieces: 3n };
    },
  });
};
const server = http2.createServer(connectNodeAdapter({ routes }));
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
