// grpc-java as a client, with messages written by hand: java -cp <jars> Client.java all|load <host:port> [ca.pem].
// all: every case once; prints a line for each, with "ok" or what went wrong. load: asks until its standard input ends; prints how often,
// and what failed how often, as JSON.
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class Client {
  static final int LONG_S = 60;
  static final int AT_ONCE = 16;
  static final Metadata.Key<String> WAIT = Metadata.Key.of("x-wait-ms", Metadata.ASCII_STRING_MARSHALLER);
  static final Metadata.Key<String> ECHO = Metadata.Key.of("x-echo", Metadata.ASCII_STRING_MARSHALLER);
  static final Metadata.Key<byte[]> SOME = Metadata.Key.of("x-some-bin", Metadata.BINARY_BYTE_MARSHALLER);
  static final Metadata.Key<byte[]> DETAILS = Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new RuntimeException(error);
      }
    }
  };
  static final MethodDescriptor<byte[], byte[]> UNARY = method(MethodType.UNARY, "UnaryCall");
  static final MethodDescriptor<byte[], byte[]> STREAM = method(MethodType.SERVER_STREAMING, "StreamingOutputCall");

  static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
    return MethodDescriptor.newBuilder(BYTES, BYTES).setType(type)
        .setFullMethodName("grpc.testing.TestService/" + name).build();
  }

  // ---- messages ----

  static class Message extends ByteArrayOutputStream {
    Message varint(int value) {
      for (; value > 127; value >>>= 7) write(value & 127 | 128);
      write(value);
      return this;
    }
    Message number(int field, int value) {
      return varint(field << 3).varint(value);
    }
    Message held(int field, byte[] content) {
      varint(field << 3 | 2).varint(content.length).writeBytes(content);
      return this;
    }
  }

  static byte[] simple(int size, int payload) {
    Message message = new Message().number(2, size);
    if (payload > 0) message.held(3, new Message().held(2, new byte[payload]).toByteArray());
    return message.toByteArray();
  }
  static byte[] failing(int code, String words) {
    byte[] text = words.getBytes(StandardCharsets.UTF_8);
    return new Message().held(7, new Message().number(1, code).held(2, text).toByteArray()).toByteArray();
  }
  static byte[] streamed(int times, int size, int us) {
    Message message = new Message();
    for (int i = 0; i < times; i++) message.held(2, new Message().number(1, size).number(2, us).toByteArray());
    return message.toByteArray();
  }
  /** Of the answer, whose only field is the payload, whose only field is the body. */
  static byte[] body(byte[] answer) {
    int at = 0;
    for (int level = 0; level < 2; level++) {
      if (at == answer.length) return new byte[0];
      at++;
      while (answer[at] < 0) at++;
      at++;
    }
    return java.util.Arrays.copyOfRange(answer, at, answer.length);
  }

  // ---- cases ----

  interface Case {
    void run(Channel channel) throws Exception;
  }

  static CallOptions within() {
    return CallOptions.DEFAULT.withDeadlineAfter(LONG_S, TimeUnit.SECONDS);
  }
  static byte[] ask(Channel channel, byte[] request) {
    return body(ClientCalls.blockingUnaryCall(channel, UNARY, within(), request));
  }
  static Channel with(Channel channel, Metadata headers) {
    ClientInterceptor attach = MetadataUtils.newAttachHeadersInterceptor(headers);
    return io.grpc.ClientInterceptors.intercept(channel, attach);
  }
  static Channel waiting(Channel channel) {
    Metadata headers = new Metadata();
    headers.put(WAIT, "3000");
    return with(channel, headers);
  }
  static void equal(Object got, Object wanted) {
    if (!got.equals(wanted)) throw new AssertionError(got + " in place of " + wanted);
  }
  static StatusRuntimeException fails(Status.Code code, Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != code) throw new AssertionError("in place of " + code, error);
      return error;
    }
    throw new AssertionError("no " + code);
  }

  static void sizes(Channel channel) {
    for (int size : new int[] {0, 1, 16_384, 65_536, 4 << 20}) equal(ask(channel, simple(size, 0)).length, size);
    for (int size : new int[] {1, 65_536, 3 << 20}) equal(ask(channel, simple(7, size)).length, 7);
    fails(Status.Code.RESOURCE_EXHAUSTED, () -> ask(channel, simple(1, 5 << 20)));
    equal(ask(channel, simple(7, 0)).length, 7);
  }
  static void compressed(Channel channel) {
    byte[] answer = ClientCalls.blockingUnaryCall(channel, UNARY, within().withCompression("gzip"), simple(1000, 1 << 20));
    equal(body(answer).length, 1000);
  }
  static void metadata(Channel channel) {
    Metadata headers = new Metadata();
    headers.put(ECHO, "e".repeat(8 << 10));
    for (int i = 0; i < 256; i++) if (i % 16 == 0) headers.put(SOME, new byte[] {(byte) i, 0, -1});
    for (int i = 0; i < 3; i++) equal(ask(with(channel, headers), simple(1, 0)).length, 8 << 10);
  }
  static void errors(Channel channel) {
    String words = "there \u263a is\nnone, 100 %";
    StatusRuntimeException error = fails(Status.Code.NOT_FOUND, () -> ask(channel, failing(5, words)));
    equal(error.getStatus().getDescription(), words);
    String details = new String(error.getTrailers().get(DETAILS), StandardCharsets.UTF_8);
    equal(details.contains("type.googleapis.com/grpc.testing.EchoStatus"), true);
    MethodDescriptor<byte[], byte[]> nothing = method(MethodType.UNARY, "Nothing");
    fails(Status.Code.UNIMPLEMENTED, () -> ClientCalls.blockingUnaryCall(channel, nothing, within(), new byte[0]));
  }
  static void leftEarly(Channel channel) {
    CallOptions soon = CallOptions.DEFAULT.withDeadlineAfter(200, TimeUnit.MILLISECONDS);
    fails(Status.Code.DEADLINE_EXCEEDED, () -> ClientCalls.blockingUnaryCall(waiting(channel), UNARY, soon, simple(1, 0)));
    for (int i = 0; i < 50; i++)
      ClientCalls.futureUnaryCall(waiting(channel).newCall(UNARY, within()), simple(1, 0)).cancel(true);
    io.grpc.Context.CancellableContext context = io.grpc.Context.current().withCancellation();
    context.run(() -> {
      Iterator<byte[]> got = ClientCalls.blockingServerStreamingCall(channel, STREAM, within(), streamed(50, 100_000, 0));
      equal(body(got.next()).length, 100_000);
      context.cancel(null);
      fails(Status.Code.CANCELLED, () -> got.forEachRemaining(one -> {}));
    });
    equal(ask(channel, simple(7, 0)).length, 7);
  }
  static void streams(Channel channel) {
    List<Iterator<byte[]>> readers = new ArrayList<>();
    for (int i = 0; i < 20; i++)
      readers.add(ClientCalls.blockingServerStreamingCall(channel, STREAM, within(), streamed(20, 50_000, 0)));
    for (int i = 0; i < 20; i++) for (Iterator<byte[]> one : readers) equal(body(one.next()).length, 50_000);
    for (Iterator<byte[]> one : readers) equal(one.hasNext(), false);
  }
  static void manyAtOnce(Channel channel) throws Exception {
    List<Future<byte[]>> all = new ArrayList<>();
    for (int i = 0; i < 1000; i++)
      all.add(ClientCalls.futureUnaryCall(channel.newCall(UNARY, within()), simple(i * 10, 0)));
    for (int i = 0; i < 1000; i++) equal(body(all.get(i).get()).length, i * 10);
  }

  // ---- how it is run ----

  static ManagedChannel open(String[] args) throws Exception {
    NettyChannelBuilder builder = NettyChannelBuilder.forTarget(args[1]).maxInboundMessageSize(64 << 20)
        .proxyDetector(address -> null);
    if (args.length == 2) return builder.usePlaintext().build();
    return builder.sslContext(GrpcSslContexts.forClient().trustManager(new File(args[2])).build()).build();
  }

  static void all(Channel channel) {
    Map<String, Case> cases = new TreeMap<>(Map.of("sizes", Client::sizes, "compressed", Client::compressed,
        "metadata", Client::metadata, "errors", Client::errors, "left early", Client::leftEarly,
        "streams", Client::streams, "many at once", Client::manyAtOnce));
    cases.forEach((name, one) -> {
      String outcome = "ok";
      try {
        one.run(channel);
      } catch (Throwable error) {
        outcome = error + ", because of " + error.getCause();
      }
      System.out.println(name + ": " + outcome.replace('\n', ' '));
    });
  }

  static void load(Channel channel) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    Map<String, Integer> failed = new TreeMap<>();
    boolean[] over = {false};
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      Thread thread = new Thread(() -> {
        while (!over[0]) {
          asked.incrementAndGet();
          try {
            equal(ask(channel, simple(1000, 0)).length, 1000);
          } catch (Throwable error) {
            synchronized (failed) {
              failed.merge(error.toString().replaceAll("[\"\\\\\n]", " "), 1, Integer::sum);
            }
          }
          Thread.yield();
        }
      });
      threads.add(thread);
      thread.start();
    }
    System.in.readAllBytes();
    over[0] = true;
    for (Thread thread : threads) thread.join();
    StringBuilder told = new StringBuilder();
    failed.forEach((what, times) -> told.append(told.isEmpty() ? "" : ",").append("\"" + what + "\":" + times));
    System.out.println("{\"requestCount\":" + asked + ",\"failed\":{" + told + "}}");
  }

  public static void main(String[] args) throws Exception {
    ManagedChannel channel = open(args);
    if (args[0].equals("all")) all(channel);
    else load(channel);
    channel.shutdownNow();
    System.exit(0);
  }
}
