// The codes of diagnostics from resolving and checking. A code is never reused; docs/diagnostics.md is generated from
// these tables.
export const CODES = {
  BFF201:
    "A named method, service, message or enum is visible to this run. The compiler reads types and requests from its proto.",
  BFF202: "A called method is unary. A composed response consists of single answers, and a stream has several.",
  BFF203:
    "A BFF does not call its own rpcs over the network. It composes their messages in place, within one deadline and without a second hop.",
  BFF204:
    "The response of a BFF rpc is composed by this BFF. A copy of an upstream message, or a message of another package, has no steps that could fill it.",
  BFF205: "A message with rules is composed somewhere. Rules of a message that nothing composes have no effect.",
  BFF206: "`after` names a step of the same message. Any other name sets no order.",
  BFF207:
    "A path names fields that the message has, each inside the field before it. The compiler reads or sets exactly this field.",
  BFF208: "`compose` names a message with rules, which this BFF composes. Calls return the messages of an upstream.",
  BFF209:
    "A hidden field of a tool reads `principal` and `env` only, and has a value for every caller. It is set before the rpc begins, and an absent value would lift the restriction.",
  BFF211: "The variable of an `each` does not have the name of a step. Otherwise the name is ambiguous in expressions.",
  BFF212: "A step does not start after itself. Otherwise it would never start.",
  BFF213:
    "A step of a message and a step of its service have different names. So do variables of a service and of a file. Otherwise the name is ambiguous in expressions.",
  BFF214: "A step of a service does not read `args`. It runs once per response, and each rpc has a different request.",
  BFF215:
    "Every service that composes a message declares the steps and variables that the message reads. Otherwise they have no value in some rpcs.",
  BFF216: "A step of a service has no `autobind`. It belongs to no message, so it has no fields to fill.",
  BFF220: "A package has one identity. With two identities the verification of a credential is ambiguous.",
  BFF222:
    "Every source sets each text of the principal that is not `optional`. An empty text would equal an empty field of a request.",
  BFF223: "The principal has one type in a message, because an expression has one type.",
  BFF224:
    "A step is not named `peer` in a package with an identity. There expressions read the address of the client from `peer`.",
  BFF225: "A host contains declared variables of type string. Any other hole has no value when the server starts.",
  BFF227:
    "The `tool` of a service makes at least one of its rpcs a tool. Rpcs that write, stream or are public become tools only by the `tool` of the rpc.",
  BFF228:
    "A variable in an option is declared in a file of the package, with the type of the option and with bounds in its range. The compiler proves rules for all values within the bounds.",
  BFF230: "A permit names sources of the identity. A permit for an unknown source admits no caller.",
  BFF231:
    "The permit of an rpc only narrows the permit of its service. The permit of a service thus shows the widest access to its rpcs.",
  BFF232:
    "Each rpc of a package with an identity has a permit, its own or that of its service. A forgotten rpc would be open or closed by accident.",
  BFF233: "A permit needs an identity in its package. Without an identity no caller is authenticated.",
  BFF234: "Scopes and roles are lists of texts in the principal. Permits read them from these fields.",
  BFF235:
    "The `if` of a service's permit does not read `args`. It applies to every rpc of the service, and their requests differ.",
  BFF236: "A permit reads only steps that have a value or fail the request. Otherwise an outage could admit a caller.",
  BFF237: "A call for a permit has no side effects. It is also sent for callers that the permit refuses.",
  BFF238: "A permit reads no stale answers. An answer past its `ttl` extends a right that was revoked.",
  BFF240: "A request sets the `required` fields of its message. A message without them cannot be encoded.",
  BFF241: "Arguments have different names in TypeScript, where `item_id` and `itemId` are the same name.",
  BFF242:
    "The message and the details of a refusal always have a value. Otherwise refused callers would receive a different error.",
  BFF243:
    "A permit does not compare two values that may both be absent. Two absent values are equal, so a caller without the value would match every resource without it.",
  BFF250: "A rule of `buf.validate` has the kind of its field. Other rules would apply to values of another type.",
  BFF251: "At least one value satisfies all rules of a field. Otherwise every request with a value is refused.",
  BFF252: "A pattern has the syntax of RE2. RE2 matches in time linear in the text, whatever a client sends.",
  BFF253:
    "All rules of a request are known to the compiler. An unknown rule, for example from a newer `validate.proto`, would not be checked.",
  BFF254: "A `oneof` of `(buf.validate.message)` names fields of its message, each once.",
  BFF255: "A rule in CEL returns a bool, or a text that describes the violation.",
  BFF256:
    "A rule has an `id`. Clients, translations and tests identify a violation by its id, because messages change.",
  BFF257: "Rules of one field or message have different ids. Otherwise a client cannot distinguish their violations.",
  BFF258:
    "A rule uses the CEL of protovalidate alone. Other tools read the same proto and lack the functions of this compiler.",
  BFF259:
    "A predefined rule reads only constants of `rule` and `rules`. The compiler writes their values into the check as literals.",
  BFF264: "An `http_cache` sets `max_age`, in the rpc or in its service.",
  BFF265: "The sunset of an rpc is not before the day of its deprecation (RFC 9745). Otherwise clients get no warning.",
  BFF266:
    "An rpc with a `sunset` has a `deprecated`. Clients that read only the deprecation header would get no warning.",
  BFF267:
    "The successor of an rpc is another rpc of a BFF, and stays. A client that follows the successor must get an answer.",
  BFF269:
    "Packages that are served together set the same policies for a shared upstream. They share its breaker, limit, retry budget, addresses and protocol. They also declare the same `fair_share`, because their requests wait together.",
  BFF270:
    "The `by` of a branch is a text. Requests with the same text stay on one side, and other types have several forms as text.",
  BFF273:
    "Each call of an upstream with shards has a key, or the name of a shard. Without shards neither has a meaning. `shard.names` is the `in` of an `each` whose call goes to them.",
  BFF274:
    "The key in the `shard` of an upstream fits each called method that has no own key. Otherwise the call could go to any shard.",
  BFF244:
    "Limits with the same name in a package have the same settings, because they share one counter. Only their keys, conditions and costs may differ.",
  BFF245:
    "A limit reads only values that exist when it is charged. A limit of a file or a service is shared by rpcs with different requests and answers, and no limit waits for a call.",
  BFF246: "The key of a limit is a text, a whole number or a bool, and its cost is a whole number.",
  BFF247: "The cost of a request has a value wherever the limit applies. Otherwise some requests would be free.",
  BFF526: "A package has one `fair_share`. Waiters in one queue are compared by the same keys and weights.",
  BFF527:
    "Fair shares read only values that all requests have before they are composed: `principal`, `peer`, `headers` and `env`.",
  BFF528: "The key of fair shares is a text, a whole number or a bool, and the weight is a double.",
  BFF529: "The key of fair shares differs between requests. With a constant key all requests are one party.",
  BFF287:
    "`concurrent` of an adaptive limit is more than 3, its lowest value. `adaptive: false` overrides an adaptive limit of an outer level.",
  BFF275: "A variable of a path is a field of the request. Otherwise its value would be lost.",
  BFF276:
    "A variable of a path is a single value, inside single messages only. A segment cannot contain a list or a message.",
  BFF277: "The body of a request is the whole request, `*`, or one field of the request itself.",
  BFF278: "The body of a response is the whole response, or one field of the response itself.",
  BFF279:
    "GET and HEAD have no side effects. Browsers, caches and proxies repeat such requests, prefetch them and follow links.",
  BFF280: "A field comes from one place in a request. Two places could contradict each other.",
  BFF288:
    "An rpc of an upstream over HTTP has a path in google.api.http. The name of an rpc is no path in HTTP with JSON.",
  BFF289:
    "The first path of an rpc that is called over HTTP is callable. Its fields exist, it has one HTTP method, and both bodies are JSON.",
  BFF290:
    "Every field that a call over HTTP sends fits into the path, the query or the body. A query contains single values and lists of them, so other fields would be lost.",
  BFF291: "A call over HTTP sets the variables of its path. Without a variable the path would be a different path.",
  BFF281: "Paths serve JSON. A google.api.HttpBody may contain bytes of any format.",
  BFF282:
    "Files of one package have the same settings for traces, and different meters. Otherwise the order of the files would decide.",
  BFF283:
    "An attribute of a span is a text, a number, a bool, or a list of one of these types. OpenTelemetry has no other types.",
  BFF284:
    "An attribute reads only values that exist when the request arrives: its message, its headers and its caller. The trace itself shows the results of calls.",
  BFF292:
    "A header of an answer reads only values that exist when headers are sent: the request, its caller and, except on streams, the response.",
  BFF293: "A header of an answer is a text. Other types have several forms as text.",
  BFF294: "A meter reads `args`, `principal`, `env` and `result` only. It counts requests by their messages.",
  BFF295:
    "A meter counts a number, and its labels are enums or bools. Labels of any other type would create a series for each value.",
  BFF296: "The labels of a meter have at most 1,000 combinations. Each is a series of every process and rpc.",
  BFF324:
    "`fields` is the path of a google.protobuf.FieldMask in the request, outside of oneofs. Header, cache key and OpenAPI need the field itself, so it is no other expression.",
  BFF325:
    "`fields` in `set` is for a google.protobuf.FieldMask in the request of a call with a single answer. Other fields cannot name the fields that are read.",
  BFF328:
    "The key of a shard is a text, a whole number or bytes that depends on the request, and always has a value. `MODULO` needs a whole number.",
  BFF330: "A condition is a bool. Other types have no agreed truth value.",
  BFF331: "A value fits the type of its target. Any other conversion would be a guess.",
  BFF332:
    "A field for an integer holds all values of the integer. A narrower or differently signed field would truncate some.",
  BFF333: "`each` iterates over a list or a map. Other values have no items.",
  BFF334: "A key is a string, a number or a bool, and has the type of the lookup. Other types cannot be keys of a map.",
  BFF335: "The branches of a `switch` have one type, because a step has one type.",
  BFF336: "A fallback has the type of the value that it replaces, because a step has one type.",
  BFF337:
    "Every `compose` of a message passes an argument with the same type. The expressions of a message are checked and generated once.",
  BFF338: "Every `compose` of a message passes all arguments that the message reads. A missing argument has no value.",
  BFF339: "A message reads every argument that it receives. An unused argument is often a misspelt name.",
  BFF340:
    "A batch fits its method: one key in, a repeated field of keys, and a list or map with an item for each key. Otherwise callers could receive each other's answers.",
  BFF341: "Metadata is a string, or bytes for keys that end in `-bin`. Headers are text on the wire.",
  BFF342: "Braces in a text contain a value that can be printed. Messages and lists have no stable text form.",
  BFF344: "The type of a value is known at compile time. Otherwise it might not fit its target.",
  BFF345: "A spread has a message that shares fields with the request. Any other spread sets nothing.",
  BFF346: "A detail of a failure is a message. A status carries its details as messages.",
  BFF353:
    "A spread sets every field that both messages have, directly or converted. A field with another type is set by name. Otherwise the request would silently lack it.",
  BFF360:
    "A function of the package has parameters and a result of known types. The compiler checks its calls and writes its TypeScript type from them.",
  BFF365: "A step or a variable does not have the name of a function's namespace. It would hide the function.",
  BFF366:
    "The functions of a package have other names than those of the library. A function of the same name replaces the library's in the package.",
  BFF363:
    "A resolver reads steps with a value, of its message or of its service. It waits for no other step and receives no other value.",
  BFF401: "Every field of a composed message has a source. A field without a source would always be empty.",
  BFF402: "Only the field of a copy has an alias. An alias names a field of the copied message.",
  BFF403:
    "A field filled by `autobind` has one possible step. With two, a change of an upstream could silently swap them.",
  BFF404: "A field of a copy has a counterpart in the upstream message. Without a counterpart nothing can be copied.",
  BFF405: "A field of a copy has the type of its counterpart, because copies convert nothing.",
  BFF406:
    "A copy of an enum has a counterpart for each upstream value. Otherwise an answer could contain a value that clients cannot receive.",
  BFF407: "An alias of an enum value names a value of the upstream enum. Any other alias maps nothing.",
  BFF408: "An enum or a oneof has at most one default. With two defaults the result is ambiguous.",
  BFF409: "Messages do not compose each other in a circle. Such a composition would never end.",
  BFF410: "Steps do not wait for each other in a circle. None of them could start.",
  BFF411:
    "A request sets one member of a oneof, unless each member has an `if`. Otherwise the last one would silently win.",
  BFF412: "An upstream enum value is mapped to one value. With two mappings the result is ambiguous.",
  BFF413:
    "Files set the same value for a policy of an upstream. Otherwise the files of a run would decide which value applies.",
  BFF414:
    "A message or enum that is bound to an upstream type declares that type as its alias. The compiler then reports later changes of the upstream type.",
  BFF415: "A request field is set whole or in part, not both. One would overwrite the other.",
  BFF416:
    "Files declare an environment variable alike, and services of a package declare it with one type and one pair of bounds. All of them read the same variable.",
  BFF417:
    "A message composed for a declared `response` has all its fields with the same types. Clients use the declared message.",
  BFF430: "Only the value of a copied enum has an alias or a mapping. Another enum has no upstream values to map.",
  BFF431: "A message or enum is a copy of another type. A copy of itself has no source.",
  BFF432:
    "A value of a copied enum maps an upstream value, or sets `no_alias`. Otherwise clients never receive it, and a request with it is refused.",
  BFF434: "Files declare a function of a package alike. All calls use the same function.",
  BFF435: "The fallback of a copied field is a constant, and the field can be unset.",
  BFF436:
    "A copy in a request contains only fields that map back to the upstream message. Computed values have no inverse.",
  BFF437:
    "An alias of a composed message names that message alone, and none of its fields has a source. The compiler takes the steps and the sources from the composed message.",
  BFF441: "A field of `usage` is a text, a number or a bool. Consumers sum and group by these values.",
  BFF442: "A field of `usage` reads `principal`, `args` and `env` only. Other values do not describe a use.",
  BFF443: "A package has one `usage`. With two, a request would have two events.",
  BFF444:
    "A `usage` belongs to a package with a limit that is charged after credentials. Other requests have no charge to report.",
  BFF438:
    "Members of a oneof of a composed message stay together in an alias of it, because their conditions choose one of them.",
  BFF418:
    "A step or variable that a message reads from its services has one type in all of them, because an expression has one type.",
  BFF419:
    "A step of a service does not depend on itself, even through an upstream entry or a composed message. It would never end.",
  BFF501: "A call that may have side effects is not retried. A repetition could place an order twice.",
  BFF503:
    "An rpc that is declared NO_SIDE_EFFECTS reaches only methods without side effects. Clients and proxies may repeat or cache such an rpc.",
  BFF505: "Calls with side effects are not joined into a batch. Several requests would become one, and fail together.",
  BFF506: "The timeout of a call is at most the timeout of its rpc. A longer timeout never takes effect.",
  BFF507: "The wait before a retry is shorter than the timeout of the call. Otherwise the call is never retried.",
  BFF508: "A call that may have side effects is not hedged. Both requests would be executed.",
  BFF509: "A hedge has a delay. Without a delay every call would be sent twice, for which there is `at_once`.",
  BFF510: "The delay of a hedge is shorter than the timeout of the call. A later hedge is never sent.",
  BFF511:
    "Answers of a call with side effects are not cached. The second caller would receive a success without an effect.",
  BFF512: "A cache has a `ttl`. Without a `ttl` the age of answers has no limit.",
  BFF520:
    "`read_only` does not contradict the proto, `idempotent` or an rpc with NO_SIDE_EFFECTS. If one of them is wrong, an order could be placed twice.",
  BFF523: "The budget of a hedge is above 0 and at most `max`. A call never has more hedges than `max`.",
  BFF570:
    "A message whose extensions the run declares is passed on whole. Copies and spreads know only its fields, so clients or upstreams would silently lack the extensions.",
  BFF576:
    "A message has at most as many operations as the option `weight` allows. A BFF arranges the decisions of upstreams, so consider moving its rules upstream.",
  BFF577:
    "Two BFFs share at most as much as the option `weight` allows. Their clients differ, so more overlap suggests one BFF or a shared message.",
  BFF578:
    "A BFF branches on client headers at most as often as the option `weight` allows. A BFF serves one kind of client, so more branches suggest several BFFs.",
  BFF601:
    "A value that may be absent has a target that may be absent. Otherwise clients would see an outage as an empty text or a zero.",
  BFF604:
    "A message has one degradation field, which the runtime fills. The failures are known only when the response is complete.",
  BFF605: "A fallback neither fails nor is absent. It is the last resort of its step.",
  BFF606: "A guard reads no value that may be absent. Its result must not silently depend on an outage.",
  BFF607: "A fallback is reachable. A step that always has a value, or that fails the response, never uses it.",
  BFF620: "A stream follows a method that returns a stream. A step calls a method with a single answer.",
  BFF621: "The item of a stream has a name that is no field of the request. The response reads both from `args`.",
  BFF622:
    "Expressions of a stream over its items and requests read no steps. The steps of the response belong to one item.",
  BFF623:
    "A position is an int, a uint or a string that only depends on the item. Two items never share a position. Otherwise a follower that resumes would miss items.",
  BFF624: "`resume` needs a `position`. It is the position of the last item that a follower received.",
  BFF625:
    "The request of a stream with a `position` reads `resume`. Otherwise the upstream starts again, and a follower receives all items again.",
  BFF626:
    "Policies of single answers do not apply to a stream. A stream is opened once, has no answer to cache, and ends with its rpc.",
  BFF627:
    "A message with steps that run once per stream is composed by streams only. Elsewhere these steps would run each time.",
  BFF630:
    "A source with a `position` has no side effects. It is opened again after a break, and for each follower that resumes.",
  BFF632:
    "The runtime fills fields of type bff.v1.Position and bff.v1.Part. They belong to the response itself, one position and one list of parts.",
  BFF633:
    "A stream is followed over gRPC. HTTP with JSON has no streams to follow, and Connect is for calls with single answers.",
  BFF634:
    "A call for each item of a stream runs as often as items arrive. A step that does not read the item runs once.",
  BFF635: "`limit.streams` limits the number of open streams. Calls with single answers are limited by `concurrent`.",
  BFF639:
    "A step of a live answer is reached by a trigger. Otherwise its fields keep their first values while the stream is open.",
  BFF640: "The items of a topic have one type, both from NATS and from its call.",
  BFF641:
    "A topic belongs to the service that follows it. The service sets its key, its subject and its permit together.",
  BFF642:
    "The call of a topic is the same for all followers of a key. A value of one request, such as a token, would be sent for all followers.",
  BFF643: "The key of a topic is a string that is always set. The key is a part of the subject.",
  BFF654:
    "A limit counts every caller, unless its `if` tests the caller by `ok`. Otherwise anonymous callers of a public rpc have no limit.",
  BFF662:
    "A step that depends on a deferred step sets `defer`. A guard cannot, because it decides before the first message, and neither can a resolver.",
  BFF701:
    "An rpc makes at most as many upstream calls as its `max_calls` allows. Otherwise one request to the BFF could become many upstream calls.",
  BFF702:
    "A list with calls for its items has a bound if the rpc has `max_calls`. Without a bound an upstream determines the cost of the rpc.",
  BFF710:
    "The list of the tools of a server has at most 128 KiB. Clients put the whole list into the context of every conversation.",
  BFF544:
    "A field in `ignore` of a mirror is compared otherwise. A name of another field has no effect, and may hide a mistake.",
  BFF708:
    "Some mask of an rpc with `fields` saves a call. Otherwise clients send masks, and the BFF composes the same answer for all of them.",
  BFF810: "A hole in a tag has a single value: a text, a number or a bool. A purge names one value.",
  BFF811:
    "A hole in a tag reads values that are known where the tag is declared. A hole on a call reads the answer or the request's values, because only the latter are part of the key.",
  BFF801:
    "`stale` of a cache is longer than its `ttl`, unless it is `0s`. A shorter `stale` removes answers before the `ttl` takes effect.",
} as const;
