// The codes of diagnostics from resolving and checking. A code is never reused; docs/diagnostics.md is generated from
// these tables.
export const CODES = {
  BFF201:
    "A method, service, message or enum that is named is visible to this run, because types and requests are taken from its proto.",
  BFF202:
    "A method that is called is unary, because a composed response is made of single answers and a stream has none.",
  BFF203:
    "A BFF does not call its own rpcs over the network. Their messages can be composed in place, within one deadline and without a second hop.",
  BFF204:
    "The response of a BFF rpc is composed by this BFF. A copy of an upstream message, or a message of someone else, has no steps that could fill it.",
  BFF205:
    "A message with rules is composed somewhere. Its rules are checked and run nowhere else, so they have no effect.",
  BFF206: "`after` names a step of the same message, because otherwise it orders nothing.",
  BFF207:
    "A path names fields that the message has, one inside the other, because the request or the answer has nothing else to set or read.",
  BFF208:
    "`compose` names a message that this BFF composes, one with rules. The messages of an upstream come from calls.",
  BFF211:
    "The variable of an `each` hides no step, because an expression in it could no longer say which of the two it means.",
  BFF212: "A step does not start after itself, because then it would never start.",
  BFF213:
    "A step of a message is not called like a step of the service around it, nor a variable of a service like one of the files around, because an expression could no longer say which of the two it means.",
  BFF214:
    "A step of a service does not read `args`: it runs once for all that a response is made of, and each rpc has another request.",
  BFF215:
    "What a message reads of its service is there in every service that composes the message, because otherwise it would have no value in some rpcs.",
  BFF216: "A step of a service has no `autobind`, because there is no message whose fields it could fill.",
  BFF220: "A package has one identity: with two it is not clear who is asked for a credential.",
  BFF221: "The principal's message is one that this run has: its fields are what expressions read of a caller.",
  BFF222:
    "Every source fills each text of the principal that is not `optional`. An empty one would equal what a request leaves empty.",
  BFF223: "The principal has one type in a message, because an expression has one type.",
  BFF224:
    "A step is not called `peer` where there is an identity: there expressions read the client's address by that name.",
  BFF230: "A permit names sources that the identity has. One that nobody can come from lets nobody in.",
  BFF231:
    "What an rpc permits lies within what its service permits, so that whoever reads the permit of the service knows the most that its rpcs allow.",
  BFF232:
    "Where it is known who is calling, each rpc says who may, itself or by its service. One that was forgotten would be open, or closed, by chance.",
  BFF233: "A permit stands in a package with an identity, because otherwise nobody is known who could be let in.",
  BFF234: "Scopes and roles are lists of texts of the principal, because that is where a permit looks for them.",
  BFF235:
    "The `if` of a service's permit does not read `args`: it is asked for each of its rpcs, and these have different requests.",
  BFF236:
    "What a permit rests on has a value, or fails the request. Otherwise an outage would decide who may call, and let somebody in.",
  BFF237: "A call by which is decided who may call has no side effects, because it is sent for those who may not, too.",
  BFF238:
    "Who may call is decided by answers that are current. One that is served past its `ttl` keeps a right alive that has been taken away.",
  BFF240: "A request sets the `required` fields of its message, because without them it cannot be written to the wire.",
  BFF241: "Arguments differ in TypeScript, too, where `item_id` and `itemId` are one name.",
  BFF242:
    "What is said to those who are refused can be said. If its message or a detail failed, they would learn something else.",
  BFF243:
    "In a permit an optional is compared with a value, because two that hold nothing are equal: a caller of whom something is not known would be taken for anybody of whom it is not known either.",
  BFF250:
    "Rules of `buf.validate` are of the kind of what they stand on, because they would be asked of values of another type.",
  BFF251: "Some value keeps all rules of a field. Otherwise every request that has one is refused.",
  BFF252: "A pattern is one of RE2, which is matched in time linear in the text, whatever a client sends.",
  BFF253:
    "All rules of a request are known, because one that is not would not be checked. They may be of another version of `validate.proto`.",
  BFF254: "A `oneof` of `(buf.validate.message)` names fields of its message, each once.",
  BFF255: "A rule in CEL gives a bool, or a text that says what is wrong. Nothing else tells whether a value is right.",
  BFF256: "A rule has an `id`. It is what clients, translations and tests know a violation by; messages change.",
  BFF257: "Rules of one field or message have different ids, because a client could not tell which of them is broken.",
  BFF258:
    "A rule is written in the CEL of protovalidate. It stands in a proto that others read with it, where functions of this compiler alone would not compile.",
  BFF259:
    "What a predefined rule reads of `rule` and `rules` is known when generating, and written into the check as a literal.",
  BFF260:
    "An answer that is used again, by the BFF or by an HTTP cache, is of an rpc that says NO_SIDE_EFFECTS. Of any other the second request would do nothing.",
  BFF264: "An `http_cache` says how long its answers may be used again, in the rpc or in its service.",
  BFF265:
    "What is deprecated is gone on a later day than that from which it is deprecated, or on the same (RFC 9745): otherwise nobody has been warned.",
  BFF266:
    "What has a `sunset` says since when it is deprecated. Clients look for the one header or for the other, and those who look for the first would learn of it when it is gone.",
  BFF267:
    "The successor of an rpc is another rpc of a BFF, which stays: a client that is sent there has to be answered.",
  BFF269:
    "Packages that are served together share each upstream with its breaker, limit, retry budget, addresses and protocol, so that they say the same of it.",
  BFF270:
    "`by` of a branch is a text: requests with the same one stay on one side. Other values become texts in more than one way.",
  BFF244:
    "Limits of one name in a package are one counter, wherever they stand. So what they say of it agrees; whom they count, and how much a request costs, may differ.",
  BFF245:
    "A limit reads what is there when it is charged. That of a file or a service is one for several rpcs, with other requests and answers; none waits for a call, for what is refused calls nobody.",
  BFF246: "A limit counts by a text, or a number or bool that becomes one, and in whole units.",
  BFF247: "What a request costs can be told wherever the limit applies. Otherwise it would be free for some.",
  BFF287:
    "An adaptive limit moves between 3 and `concurrent`, so that there is room between them. `adaptive: false` is for what is inside of an adaptive one.",
  BFF275: "A variable of a path is a field of the request. Nobody else would get what stands there.",
  BFF276:
    "A variable of a path is a single value, and reached through single messages. A segment holds no list, and no message.",
  BFF277: "The body of a request is all of it, `*`, or one field of the request itself.",
  BFF278: "The body of a response is all of it, or one field of the response itself.",
  BFF279:
    "GET and HEAD only read. Browsers, caches and proxies send such requests again, ahead of time, and from links, so that an rpc with side effects would have them at anybody's word.",
  BFF280: "A field comes from one place of a request. Where there were two, either could be the other's opposite.",
  BFF288:
    "An rpc of an upstream that speaks HTTP says in google.api.http by which path it is called, since the name of an rpc is none there.",
  BFF289:
    "The first path of an rpc that is called over HTTP can be called: its fields are there, it has one method of HTTP, and what goes there and back is JSON.",
  BFF290:
    "What a call over HTTP sends has a place in the path, in the query or in the body. A query holds single values and lists of them; what it does not hold would not arrive.",
  BFF291: "A call over HTTP sets what its path is made of. A path with nothing in place of a variable is another path.",
  BFF281: "What is served at these paths is JSON. A google.api.HttpBody is whatever its bytes are.",
  BFF282:
    "What files say of traces is for all rpcs of a package. So they say the same: which file is read first is nobody's decision.",
  BFF283:
    "An attribute of a span is a text, a number, a bool, or a list of one of these: what OpenTelemetry has, and whatever shows traces can search.",
  BFF284:
    "An attribute is what is known of a request when it has come: its message, its headers, who calls. What its calls have come to, the trace shows itself.",
  BFF330: "A condition is a bool. There is no agreement on which texts, numbers or messages would count as true.",
  BFF331: "A value fits the type of its target, because what does not fit would have to be converted by guessing.",
  BFF332:
    "An integer is bound to a field that holds all of its values, because a narrower or differently signed one would cut some of them off.",
  BFF333: "`each` goes over a list or a map: anything else has no items.",
  BFF334:
    "A key is a string, a number or a bool, and of the type that is looked up, because only those can be compared and stand in a map.",
  BFF335: "The branches of a `switch` have one type, because whoever reads the step reads one type.",
  BFF336:
    "A fallback has the type of what it stands in for, because whoever reads the step does not know which of them it got.",
  BFF337:
    "Everyone who composes a message gives an argument of the same type, because its expressions are checked and generated once.",
  BFF338:
    "Everyone who composes a message gives all arguments that it reads, because there is nothing to read in their place.",
  BFF339: "An argument that is given is read. One that nobody reads is often a misspelt name.",
  BFF340:
    "A batch fits its method: one key in, a repeated field of keys, and a list or map from which each key finds its items. Otherwise answers could be given to the wrong caller.",
  BFF341: "Metadata is a string (or bytes, for keys that end in `-bin`), because headers are text on the wire.",
  BFF342:
    "A hole of a failure's message holds a value that can be printed. Messages and lists have no form that clients should depend on.",
  BFF344: "The type of a value is known when generating, because only then is it certain to fit its target.",
  BFF345: "A spread is of a message that shares fields with the request, because anything else sets nothing.",
  BFF346: "A detail of a failure is a message, because that is how a status carries it to clients.",
  BFF353:
    "A spread brings every field that both messages have, as it is or converted. A field that it cannot bring, because the types of one name differ, is set by name: otherwise the upstream would never be told, and nobody would notice.",
  BFF360:
    "A function of one's own takes and gives values of known types, because that is how its calls are checked, and how its TypeScript type is written.",
  BFF365:
    "What is named in an expression is one thing: a step or a variable called like the namespace of a function would hide the function.",
  BFF363:
    "A resolver reads steps that have a value: those of its message, and those of the service. It waits for nothing else, and is given nothing else.",
  BFF401:
    "Every field of a composed message has a source. Without one it would always be empty, and nobody would notice before a client does.",
  BFF402:
    "A field has an alias only in a message that is a copy: an alias names a field of the message it is copied from.",
  BFF403:
    "A field filled by `autobind` has one step that it can come from. With two, a change of an upstream could swap them silently.",
  BFF404: "A field of a copy has its counterpart in the upstream message, because otherwise there is nothing to copy.",
  BFF405: "A field of a copy has the type of its counterpart, because copies convert nothing.",
  BFF406:
    "A copy of an enum has something for each value of the upstream. Otherwise an answer could hold a value that has no counterpart for clients.",
  BFF407: "An alias of an enum value names a value that the upstream's enum has, because otherwise it maps nothing.",
  BFF408: "An enum and a oneof have one default at most: with two it is not clear which one takes the rest.",
  BFF409: "Messages do not compose each other in a circle, because composing one would never end.",
  BFF410: "Steps do not wait for each other in a circle, because none of them could ever start.",
  BFF411: "A request sets one member of a oneof, unless each has its own `if`. The last one set would silently win.",
  BFF412:
    "A value of the upstream's enum is mapped to one value, because otherwise it is not clear which one clients see.",
  BFF413:
    "Two files do not say different things about one policy of one upstream. Which one is in force would depend on what is generated together.",
  BFF414:
    "A message or an enum that is bound to one of an upstream declares it as its alias, so that a later change of the upstream is found when generating.",
  BFF415: "A request field is set whole or in part, not both, because one would overwrite the other.",
  BFF416:
    "Files declare an environment variable alike, and services of one package give it one type, because what reads it sees one variable.",
  BFF417:
    "What is composed in place of a declared `response` has every field of it, of the same type, because clients know the declared one.",
  BFF430:
    "A value has an alias or a mapping only in an enum that is a copy, because otherwise there is nothing to map it to.",
  BFF431: "A message or an enum is a copy of another one, because a copy of itself has no source.",
  BFF432:
    "A value of a copied enum stands for one of the upstream's, or says that it does not. Otherwise clients never see it, and a request with it is refused.",
  BFF434:
    "A function of one's own is declared alike everywhere in a package, because its calls are all to one function.",
  BFF435: "The fallback of a copied field is a constant, and the field one that can be unset.",
  BFF436:
    "A copy that a request takes is written back into the upstream's message, field by field. What is computed cannot be computed backwards.",
  BFF418:
    "What a message reads of its services, a step or a variable, has one type in all of them, because an expression has one type.",
  BFF419:
    "A step of a service does not rest on itself, not even through an upstream entry or a message that it composes: it would wait for its own end.",
  BFF501: "A call that may have side effects is not retried, because a repetition could place an order twice.",
  BFF503:
    "An rpc that is declared NO_SIDE_EFFECTS reaches only methods without any. Clients and proxies may repeat or cache it on the strength of that promise.",
  BFF505: "Calls with side effects are not joined into a batch: several requests would become one, and fail together.",
  BFF506: "A call has no more time than its rpc, because the rpc ends first and the timeout never takes effect.",
  BFF507:
    "The wait before a retry fits into the timeout of the call. Otherwise there is a retry on paper, and none in an outage.",
  BFF508: "A call that may have side effects is not hedged, because both of the requests would be carried out.",
  BFF509: "A hedge has a delay. Without one every call would be made twice.",
  BFF510: "A hedge is sent before the call runs out of time. A later one never is.",
  BFF511:
    "Answers of a call with side effects are not cached, because the second caller would be told that something was done which was not.",
  BFF512: "A cache has a `ttl`, because without one nobody has decided how old an answer may be.",
  BFF520:
    "`read_only` says what the proto of a method leaves open. Where it contradicts that proto, `idempotent` or an rpc that vouches, one of the two is wrong, and an order could be placed twice.",
  BFF576:
    "A BFF arranges what others decide. Where a message has more operations than the option `weight` allows, look whether its rules belong upstream.",
  BFF577:
    "Two BFFs differ because their clients do. Where they have more in common than the option `weight` allows, one of them may be enough, or a shared message.",
  BFF578:
    "A BFF is for one kind of client. Where it branches on what clients say of themselves more often than the option `weight` allows, it is for several.",
  BFF601:
    "A value that may be absent is bound to a target that can be absent. Otherwise an outage would look to clients like an empty text or a zero.",
  BFF602:
    "A critical step does not rest on a step that a failure may make absent: then the failure of the supplementary one would fail the response after all.",
  BFF604:
    "The degradation field is the runtime's, and there is one: what failed is known only when the response is complete.",
  BFF605: "A fallback neither fails nor is absent, because it is the last resort of its step.",
  BFF606: "A guard reads nothing that may be absent. Whether it holds must not depend on an outage without saying so.",
  BFF607: "A fallback can be used. On a step that always has a value, or that fails the response, it never is.",
  BFF620: "A stream follows a method that returns a stream. One that gives a single answer is called in a step.",
  BFF621:
    "The item of a stream has a name of its own. The response reads it beside the fields of the request, as `args.<var>`.",
  BFF622:
    "What a stream asks of its items and of its requests reads no steps: those of the response belong to one item.",
  BFF623:
    "A position is an int, a uint or a string over the item alone. Whoever goes on behind it must be given what follows, all of it: two items never share one.",
  BFF624: "`resume` is the position of the last item that somebody has. Without a `position` there is none.",
  BFF625:
    "The request of a stream with a `position` reads `resume`. Otherwise the upstream begins anew, and whoever resumes is given all that they have.",
  BFF626:
    "Policies of single answers do not hold for a stream: it is sent once, it has no answer to keep, and its end is that of the run.",
  BFF627:
    "A message whose steps run once for all items of a stream is composed by streams alone. Elsewhere they would run for each.",
  BFF630: "A source with a `position` has no side effects: it is opened again where it broke, and by whoever resumes.",
  BFF632:
    "Fields of type bff.v1.Position and bff.v1.Part are filled by the runtime, in the response itself: one position, and a list of parts.",
  BFF633: "A stream is followed over gRPC. HTTP with JSON has no streams that could be followed.",
  BFF634:
    "What is called for each item of a stream is called as often as items come. A step that does not rest on the item runs once.",
  BFF635:
    "`limit.streams` bounds streams that are open at a time. What gives single answers has none: its calls are bounded by `concurrent`.",
  BFF640: "A topic's items are of one type, whether NATS has them or its call gives them.",
  BFF641: "A topic is one of the service that follows it: its key, its subject and who may follow it belong together.",
  BFF642:
    "The call of a topic is made once for all who follow a key. What belongs to one request, such as a caller's token, would be sent for everybody.",
  BFF643: "The key of a topic is a string that is there: it is a part of the subject.",
  BFF662:
    "Whatever rests on a deferred step says `defer` itself, so that what comes later shows in the source. A guard decides before the first message, and a resolver is asked for it.",
  BFF701:
    "An rpc costs no more upstream calls than its `max_calls` says, because one request to the BFF would become many to others.",
  BFF702:
    "A list has a bound where calls are counted, because without it the cost of an rpc is whatever an upstream answers.",
  BFF801:
    "A cache keeps answers at least until they are stale. One that throws them away before has a `ttl` that never takes effect.",
} as const;
