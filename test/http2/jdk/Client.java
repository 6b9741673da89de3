// The HTTP client of the JDK: java Client.java <url> <ca.pem>. Prints how many answers of each kind it had.
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  static final String UNARY = "/grpc.testing.TestService/UnaryCall";
  static final Duration LONG = Duration.ofSeconds(60);

  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    try (FileInputStream in = new FileInputStream(file)) {
      store.setCertificateEntry("it", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  static HttpRequest post(String url, String json) {
    return HttpRequest.newBuilder(URI.create(url + UNARY)).timeout(LONG)
        .header("content-type", "application/json").POST(BodyPublishers.ofString(json)).build();
  }

  /** Answers side by side, by version, status and length. */
  static void ask(HttpClient client, String url, String what, int times, String json, TreeMap<String, Integer> told) {
    List<CompletableFuture<HttpResponse<byte[]>>> all = new ArrayList<>();
    for (int i = 0; i < times; i++) all.add(client.sendAsync(post(url, json), BodyHandlers.ofByteArray()));
    for (CompletableFuture<HttpResponse<byte[]>> one : all) {
      String outcome;
      try {
        HttpResponse<byte[]> answer = one.join();
        outcome = answer.version() + " " + answer.statusCode() + " " + answer.body().length;
      } catch (Exception error) {
        outcome = error.toString();
      }
      told.merge(what + ": " + outcome, 1, Integer::sum);
    }
  }

  public static void main(String[] args) throws Exception {
    String url = args[0];
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2);
    if (args.length > 1) builder.sslContext(trusting(args[1]));
    HttpClient client = builder.build();
    TreeMap<String, Integer> told = new TreeMap<>();
    ask(client, url, "first", 1, "{}", told);
    ask(client, url, "small", 200, "{\"responseSize\":30}", told);
    ask(client, url, "large", 5, "{\"responseSize\":3000000}", told);
    ask(client, url, "upload", 5, "{\"payload\":{\"body\":\"" + "A".repeat(3_000_000) + "\"}}", told);
    CompletableFuture<?> large = client.sendAsync(post(url, "{\"responseSize\":16000000}"), BodyHandlers.ofByteArray());
    large.cancel(true); // the stream is reset, wherever it is
    ask(client, url, "after", 1, "{\"responseSize\":30}", told);
    told.forEach((what, times) -> System.out.println(what + " x " + times));
    System.exit(0);
  }
}
