// Seals and opens page tokens by javax.crypto, as docs/decisions/0083-page-tokens.md defines them.
// Run by `java Tokens.java < lines`. A line is "seal|open key rpc caller principal request", then the hour with names and
// values of the state, or a token. Texts and bytes are in base64 after a dot; "-" is none. A caller is its source, issuer
// and subject, with commas.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

class Tokens {
  static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in));
    var out = new StringBuilder();
    for (String line; (line = in.readLine()) != null; ) {
      var parts = line.split(" ");
      var key = bytes(parts[1]);
      var digest = URL.encodeToString(MessageDigest.getInstance("SHA-256").digest(bytes(parts[5])));
      var bound = "[\"page\"," + json(text(parts[2])) + "," + callerOf(parts[3], parts[4]) + "," + json(digest) + "]";
      out.append(parts[0].equals("seal") ? seal(key, bound, stateOf(parts)) : open(key, bound, parts[6])).append('\n');
    }
    System.out.print(out);
  }

  static String callerOf(String caller, String principal) throws Exception {
    if (caller.equals("-")) return "[]";
    var digest = URL.encodeToString(MessageDigest.getInstance("SHA-256").digest(bytes(principal)));
    return "[" + Arrays.stream(caller.split(",")).map(part -> json(text(part)) + ",").collect(Collectors.joining())
        + json(digest) + "]";
  }

  static String stateOf(String[] parts) {
    var state = new TreeMap<String, String>();
    for (int i = 7; i < parts.length; i += 2) state.put(text(parts[i]), text(parts[i + 1]));
    return parts[6] + "\n" + state.entrySet().stream()
        .map(entry -> "[" + json(entry.getKey()) + "," + json(entry.getValue()) + "]")
        .collect(Collectors.joining(",", "[", "]"));
  }

  static String seal(byte[] key, String bound, String text) throws Exception {
    // HKDF (RFC 5869) without a salt.
    var derived = hmac(hmac(new byte[32], key), "protobff nonce".getBytes(StandardCharsets.UTF_8), new byte[] {1});
    var data = bound.getBytes(StandardCharsets.UTF_8);
    var plain = text.getBytes(StandardCharsets.UTF_8);
    var length = ByteBuffer.allocate(4).putInt(data.length).array();
    var nonce = Arrays.copyOf(hmac(derived, length, data, plain), 12);
    var sealed = cipher(Cipher.ENCRYPT_MODE, key, nonce, data).doFinal(plain);
    return URL.encodeToString(ByteBuffer.allocate(16 + sealed.length).put(idOf(key)).put(nonce).put(sealed).array());
  }

  static String open(byte[] key, String bound, String token) throws Exception {
    var all = Base64.getUrlDecoder().decode(token);
    if (!Arrays.equals(Arrays.copyOf(all, 4), idOf(key))) return "refused";
    var cipher = cipher(Cipher.DECRYPT_MODE, key, Arrays.copyOfRange(all, 4, 16), bound.getBytes(StandardCharsets.UTF_8));
    try {
      return Base64.getEncoder().encodeToString(cipher.doFinal(all, 16, all.length - 16));
    } catch (AEADBadTagException refused) {
      return "refused";
    }
  }

  static byte[] idOf(byte[] key) throws Exception {
    return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(key), 4);
  }

  static Cipher cipher(int mode, byte[] key, byte[] nonce, byte[] data) throws Exception {
    var cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
    cipher.updateAAD(data);
    return cipher;
  }

  static byte[] hmac(byte[] key, byte[]... parts) throws Exception {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    for (var part : parts) mac.update(part);
    return mac.doFinal();
  }

  static byte[] bytes(String field) {
    return Base64.getDecoder().decode(field.substring(1));
  }

  static String text(String field) {
    return field.equals("-") ? null : new String(bytes(field), StandardCharsets.UTF_8);
  }

  static String json(String text) {
    if (text == null) return "null";
    var out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      int at = "\b\f\n\r\t\"\\".indexOf(c);
      if (at >= 0) out.append('\\').append("bfnrt\"\\".charAt(at));
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
