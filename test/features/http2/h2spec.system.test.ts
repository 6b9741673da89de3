// h2spec over h2c and over TLS. It is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "./certificate.ts";
import { WITHOUT_GO } from "./clients/go-tools.ts";
import { h2spec } from "./h2spec.ts";
import { type Framing, OWN_FIRST, underTest } from "./server-under-test.ts";

/** What begins otherwise than HTTP/2's preface is HTTP/1.1, on a port without TLS: it is answered as such with 400, and closed. */
const HTTP1 = ["h2 3.5/2"];
/** It makes its dynamic table 128 and 4096 bytes large, though 0 was announced and it has acknowledged that: an error by RFC 7541, 6.3. */
const TABLE = ["generic 5/14", "generic 5/15"];
/** nghttp2's, in node. Frames of streams that are closed are ignored; what is worse than that ends the connection without a word. */
const NODE = ["h2 5.1/5", "h2 5.1/8", "h2 5.1/9", "h2 5.1/11", "h2 5.1/12", "h2 5.1.1/2"];
const NODE_TOO = ["h2 5.3.1/2", "h2 6.3/1", "h2 6.7/2", "h2 6.9.1/3"];
const EXPLAINED: Readonly<Record<Framing, readonly string[]>> = { own: TABLE, node: [...NODE, ...NODE_TOO] };

describe.skipIf(WITHOUT_GO).each(OWN_FIRST)("h2spec, BFF_HTTP2_SERVER=%s", (framing) => {
  test.each([
    ["without TLS", false],
    ["with TLS", true],
  ] as const)(
    "%s",
    async (_, tls) => {
      const { files } = certificate();
      const server = await underTest(framing, tls ? files : {});
      onTestFinished(() => server.process.kill());
      const { testCount, failed, text } = await h2spec(server.port, tls);
      expect(testCount).toBeGreaterThan(140);
      const allowed = [...EXPLAINED[framing], ...(tls ? [] : HTTP1)];
      const unexplained = Object.entries(failed).filter(([name]) => !allowed.includes(name));
      expect(unexplained, text).toEqual([]);
      expect(server.process.ended, server.process.log).toBeUndefined();
    },
    300_000,
  );
});
