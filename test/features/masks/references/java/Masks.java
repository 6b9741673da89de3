// Trims messages with protobuf-java's FieldMaskUtil. Each line of standard input gets one line of standard output:
//   schema <FileDescriptorSet>        its messages replace those of earlier lines; dependencies come first
//   trim <type> <message> <paths>     the message with these fields only; "!" and the reason for a path that is invalid
//   valid <type> <path>               "true" or "false"
// Arguments but types, and messages of answers, are in base64 after a dot. Commas separate paths.
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.FieldMaskUtil;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class Masks {
  static final Map<String, Descriptor> messages = new HashMap<>();

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var out = new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      out.println(answer(line.split(" ")));
      if (!in.ready()) out.flush();
    }
    out.flush();
  }

  static String answer(String[] line) throws IOException, DescriptorValidationException {
    if (line[0].equals("schema")) return schema(FileDescriptorSet.parseFrom(bytes(line[1])));
    var type = messages.get(line[1]);
    if (type == null) return "!no message " + line[1];
    if (line[0].equals("valid")) return String.valueOf(FieldMaskUtil.isValid(type, text(line[2])));
    // It ignores invalid paths, and those below lists and maps.
    var paths = List.of(text(line[3]).split(","));
    for (var path : paths) if (!FieldMaskUtil.isValid(type, path)) return "!FieldMaskUtil refuses " + path;
    var message = DynamicMessage.newBuilder(type).mergeFrom(bytes(line[2])).buildPartial();
    // By default it sets fields with presence that the message does not have.
    var options = new FieldMaskUtil.TrimOptions().setRetainPrimitiveFieldUnsetState(true);
    var trimmed = FieldMaskUtil.trim(FieldMask.newBuilder().addAllPaths(paths).build(), message, options);
    return "." + Base64.getEncoder().encodeToString(trimmed.toByteArray());
  }

  static String schema(FileDescriptorSet set) throws DescriptorValidationException {
    messages.clear();
    var files = new HashMap<String, FileDescriptor>();
    for (var proto : set.getFileList()) {
      var dependencies = proto.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
      var file = FileDescriptor.buildFrom(proto, dependencies);
      files.put(proto.getName(), file);
      file.getMessageTypes().forEach(Masks::add);
    }
    return ".";
  }

  static void add(Descriptor message) {
    messages.put(message.getFullName(), message);
    message.getNestedTypes().forEach(Masks::add);
  }

  static byte[] bytes(String field) {
    return Base64.getDecoder().decode(field.substring(1));
  }

  static String text(String field) {
    return new String(bytes(field), StandardCharsets.UTF_8);
  }
}
