// The HTTP client of the JDK.
//
// java Client.java all <url> [ca.pem]           every case once; prints how many answers of each kind it had
// java Client.java load <host:port> <ca.pem>    asks until its standard input ends; prints {"asked": n, "failed": {what: how often}}
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  static final String UNARY = "/grpc.testing.TestService/UnaryCall";
  static final int AT_ONCE = 16;
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

  static void all(HttpClient client, String url) {
    TreeMap<String, Integer> told = new TreeMap<>();
    ask(client, url, "first", 1, "{}", told);
    ask(client, url, "small", 200, "{\"responseSize\":30}", told);
    ask(client, url, "large", 5, "{\"responseSize\":3000000}", told);
    ask(client, url, "upload", 5, "{\"payload\":{\"body\":\"" + "A".repeat(3_000_000) + "\"}}", told);
    CompletableFuture<?> large = client.sendAsync(post(url, "{\"responseSize\":16000000}"), BodyHandlers.ofByteArray());
    large.cancel(true); // the stream is reset, wherever it is
    ask(client, url, "after", 1, "{\"responseSize\":30}", told);
    told.forEach((what, times) -> System.out.println(what + " x " + times));
  }

  static String fault(HttpClient client, String url) {
    try {
      HttpResponse<byte[]> answer = client.send(post(url, "{\"responseSize\":1000}"), BodyHandlers.ofByteArray());
      boolean right = answer.statusCode() == 200 && answer.body().length > 1000 && answer.version() == HttpClient.Version.HTTP_2;
      return right ? null : answer.version() + " " + answer.statusCode() + " " + answer.body().length;
    } catch (Exception error) {
      return error.toString().replaceAll("[\"\\\\\n]|:\\d+", " ");
    }
  }
  static void load(HttpClient client, String url) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    TreeMap<String, Integer> failed = new TreeMap<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      Thread thread = new Thread(() -> {
        while (!over.get()) {
          asked.incrementAndGet();
          String fault = fault(client, url);
          if (fault != null) synchronized (failed) { failed.merge(fault, 1, Integer::sum); }
        }
      });
      threads.add(thread);
      thread.start();
    }
    System.in.readAllBytes();
    over.set(true);
    for (Thread thread : threads) thread.join();
    StringBuilder told = new StringBuilder();
    failed.forEach((what, times) -> told.append(told.isEmpty() ? "" : ",").append("\"" + what + "\":" + times));
    System.out.println("{\"requestCount\":" + asked + ",\"failed\":{" + told + "}}");
  }

  public static void main(String[] args) throws Exception {
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2);
    if (args.length > 2) builder.sslContext(trusting(args[2]));
    HttpClient client = builder.build();
    if (args[0].equals("all")) all(client, args[1]);
    else load(client, "https://" + args[1]);
    System.exit(0);
  }
}
