import { describe, expect, test } from "vitest";
import { checkSignature } from "../../testing/jws.ts";
import { JwtRig } from "../../testing/jwt-rig.ts";
import { TestIssuer } from "../../testing/test-issuer.ts";

// What RFC 7515 (appendix A), RFC 8037 (appendix A) and RFC 7519 (sections 3.1 and 6.1) have as examples.

/** {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true} */
const PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const EXPIRES = 1_300_819_380;
const A2 = {
  key: {
    kty: "RSA",
    n:
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b" +
      "32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5" +
      "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    e: "AQAB",
  },
  signature:
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRF" +
    "diuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I" +
    "eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
};
const A3 = {
  key: {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  },
  signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
};
const A4 = {
  key: {
    kty: "EC",
    crv: "P-521",
    x: "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    y: "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
  },
  compact:
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZ" +
    "goXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
};
const RFC_8037 = {
  key: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
  compact:
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
};
const RS256 = `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.${A2.signature}`;
const ES256 = `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.${A3.signature}`;
const HS256 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
const NONE = `eyJhbGciOiJub25lIn0.${PAYLOAD}.`;
const KEYS = [A2.key, A3.key, A4.key, RFC_8037.key];

describe("signatures", () => {
  test.each([
    ["A.2, RS256", RS256],
    ["A.3, ES256", ES256],
    ["A.4, ES512", A4.compact],
    ["RFC 8037, A.4, EdDSA", RFC_8037.compact],
  ])("the signature of %s verifies", async (_, compact) => {
    expect(await checkSignature(compact, KEYS)).toBe("ok");
    const at = compact.lastIndexOf(".") + 3;
    const other = `${compact.slice(0, at)}${compact[at] === "A" ? "B" : "A"}${compact.slice(at + 1)}`;
    expect(await checkSignature(other, KEYS)).toBe("signature");
  });
  test("signatures of A.1 (HS256) and A.5 (none) are refused", async () => {
    expect(await checkSignature(HS256, KEYS)).toBe("header");
    expect(await checkSignature(NONE, KEYS)).toBe("form");
  });
});

describe("tokens", () => {
  /** A source whose issuer is joe, while his tokens count. */
  async function joe(leewayMs: number): Promise<JwtRig> {
    const issuer = new TestIssuer();
    issuer.keys = KEYS;
    issuer.discovery = { issuer: "joe" };
    const seconds = Math.ceil(leewayMs / 1000);
    return JwtRig.open(
      {
        rules: { issuer: "joe", leewayMs: seconds * 1000 },
        keys: { place: { kind: "address", address: "https://joe.example/keys" } },
      },
      issuer,
    );
  }
  test("tokens without an audience are refused, even with joe's signature", async () => {
    const rig = await joe(new TestIssuer().clock.date().getTime() - EXPIRES * 1000 + 60_000);
    for (const token of [RS256, ES256]) {
      expect(rig.source.owns(token)).toBe(true);
      expect(await rig.outcome(token)).toBe("16 the token has an audience that is neither a text nor a list of them");
    }
    expect(await rig.outcome(HS256)).toBe("16 the token is signed by an algorithm that is not allowed");
    expect(await rig.outcome(NONE)).toBe("16 the token is none");
  });
});
