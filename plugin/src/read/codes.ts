/** Diagnostics of a declaration alone, before name resolution: each code with its rule and the reason for it. */
export const declarationCodes = {
  BFF101:
    "A step sets exactly one source: `by`, `call`, `compose`, `each`, `switch`, `guard` or `latest`. A step without a source has nothing to run.",
  BFF102:
    'A duration is a number followed by `ms`, `s`, `m`, `h` or `d`, or in some options one variable, as in `"{env.NAME}"`. A bare number leaves the unit open.',
  BFF103:
    "A duration is longer than zero and at most 24 days. A call without time always fails, and a timer cannot wait longer. Periods without a timer, such as the lifetime of a session, may be longer.",
  BFF104:
    "A ratio is more than 0 and at most 1. A percentage such as 50 is never reached: a breaker with it would never open. Only `sample` and `max_ejected` may be 0.",
  BFF105: "A number is at least 1 if 0 has no meaning. Zero attempts, for example, never make the call.",
  BFF106:
    "A name is an identifier: letters, digits and underscores, with no digit at the start. Expressions read the value by this name.",
  BFF107: "A name has no other meaning in expressions. Otherwise a use of the name is ambiguous.",
  BFF108: "A name is declared once in its scope. A second declaration would silently replace the first.",
  BFF109: "An expression is not empty. An empty expression has no value.",
  BFF110: "A guard sets both `if` and `fail`: the condition of the failure, and the status that the client receives.",
  BFF111:
    "A guard has no value and takes no `name`, `supplementary`, `fallback`, `autobind` or `defer`. Nothing can read a guard, and a guard that may be ignored protects nothing.",
  BFF112:
    "A failure has a status code other than OK, and the failure of a guard sets its code. With OK the client would receive a success without a response.",
  BFF113:
    "Braces in a template are closed and contain an expression. Templates are the `message` of a failure, and addresses and names in the source of an identity. An open brace would become part of the text.",
  BFF114: "A `compose` sets `message`, the message to compose.",
  BFF115: "An `each` sets `var`, `in` and one source: the name of an item, the list, and the step for each item.",
  BFF116:
    "A `switch` has cases, and each case sets `if` and `by`. A case without a condition cannot be selected, and a case without `by` has no value.",
  BFF117:
    'A call names its method as "package.Service/Method". The compiler looks up this name in the protos of the upstream.',
  BFF118:
    "A batch sets `name`, `by` and `items`: the request field for the keys, the key, and the response field with the items.",
  BFF119:
    "A named value sets `name` and `by`, or `spread` alone. An incomplete value sets nothing, and metadata and headers cannot be spread.",
  BFF120:
    "An `on_error` rule sets its effect: `ignore: true`, `fallback` or `fail`. A rule that only matches an error changes nothing.",
  BFF121: "A metadata key is a lower-case header name, as in HTTP/2. A call with any other key fails at run time.",
  BFF122:
    "A metadata key is not reserved for gRPC or HTTP. A reserved key would break deadlines, encodings or framing.",
  BFF123:
    "A step with `by` or `switch` has a name, or fills fields with `autobind`. Otherwise nothing can read its value.",
  BFF124: "A rule sets at least one option. An empty rule is usually an unfinished rule.",
  BFF125:
    "`if` and `default` belong to members of a oneof, because they select a member. Other fields always have a value.",
  BFF126:
    "A field has one source. With two sources the value is ambiguous. For the same reason an enum value with `no_alias` has no `alias`.",
  BFF127:
    "A message is either composed or copied from an alias. A copy has no steps, and its alias decides which member of a oneof is set.",
  BFF128:
    "An environment variable has a name and a type that can be read from text. The server reads and checks the variable when it starts.",
  BFF129:
    "The default and the bounds of an environment variable have its type, and the default is within the bounds. Numbers and durations have an order, and so bounds. The server reads the default like a text from the environment.",
  BFF130: "A list contains each value once. A repeated value has no effect, and another value was often meant.",
  BFF131:
    "An rpc of a BFF service takes one message. An rpc that returns a stream sets `stream`, or has deferred parts in its response. Otherwise nothing determines when to send the next message.",
  BFF132:
    "A rule on an rpc needs `(bff.v1.service)` on its service. Nothing is generated for other services, so the rule would have no effect.",
  BFF133:
    "An upstream entry applies to one level: all upstreams, a service or a method. An entry for two levels, or with a policy of another level, is ambiguous.",
  BFF134:
    "A backoff grows: `multiplier` is at least 1, and `max` is at least `initial`. Decreasing waits would increase the load on an upstream that already fails.",
  BFF135:
    "A reference to a message, an enum, a field, a service or a step is a name with dots between its parts. The compiler looks up this name.",
  BFF136:
    "A field rule belongs to a field of a message, not to an extension. No message of the BFF contains the extension, so nothing could fill it.",
  BFF137: "A message is either copied from an alias or supplied by a resolver.",
  BFF138: "The resolver of a message supplies all fields of the message. No field has another source.",
  BFF139: "A resolver supplies fields of composed messages only. The fields of a copy come from its alias.",
  BFF140: "A breaker with `off: true` sets no other option. The other options would have no effect.",
  BFF141: "A policy sets at least one option. An empty policy looks like a decision, but changes nothing.",
  BFF142:
    "An attribute of a trace is listed once. Its expression is its name, so that two equal attributes would overwrite each other.",
  BFF143: "A policy that is turned off sets no other option. The other options would have no effect.",
  BFF144:
    "The default member of a oneof has no condition. It is selected if no other member is, even if its condition is false.",
  BFF145:
    "A retry budget allows at least one retry. Retries stop when half of the tokens are used. In a budget of 2 tokens the first failure uses half.",
  BFF146:
    "An `on_error` rule is reachable. Rules are tried in order, and no earlier rule handles all errors of a later rule.",
  BFF147:
    "`as_is` passes on the status of an upstream. It belongs to the `fail` of an `on_error` rule, beside the parts that differ.",
  BFF148: "`ANY` is the only code in its `on`, and is no status to fail with. `ANY` matches every code.",
  BFF170: "A function declaration sets `name` and `result`. The list of parameters may be empty.",
  BFF171:
    "The name of a declared function contains a dot, and its first part has no meaning in expressions. Future functions of the library then never conflict with it.",
  BFF172:
    "`reads` needs `resolver` beside it. `reads` selects the steps that the resolver receives, and has no effect without a resolver.",
  BFF149:
    "Either all values of an enum have a text, or no value has one. A value without a text would be shown as an empty text.",
  BFF173: "A batch finds the key of an item either in a field, with `key`, or by an expression, with `key_by`.",
  BFF150:
    "The `fallback` of a field replaces a value that is unset in a copy or in the message that it copies. Other fields can contain the fallback in their expression.",
  BFF151:
    "An identity has sources, and each source has a name and one kind of credential. Permits, logs and environment variables use the name of a source.",
  BFF152:
    "A source sets all options that its kind requires, such as `issuer` and `audience`. Otherwise a credential that was issued elsewhere would be accepted.",
  BFF153:
    "Tokens are verified by an algorithm with a public key. With a shared secret each verifier could sign tokens, and without a signature anybody could.",
  BFF154:
    "Keys are fetched over https or from this machine. Over plain http an attacker on the way could replace the keys.",
  BFF155:
    "A credential is in one header or one cookie, which has no other meaning in a request. The server reads the credential only there.",
  BFF156: "In a name pattern `*` matches one whole segment. Patterns decide about trust, so they must be easy to read.",
  BFF157:
    "A credential belongs to one source. If two sources share a place, the credential itself identifies its source: by its prefix, its issuer or its name.",
  BFF158:
    "The `tool` of a service sets only `hidden` and `max_bytes`, and `off` is the only option in its `tool`. Other options would have no effect.",
  BFF159:
    "The numbers of a `balance` are within bounds. A failing address must get calls again, resolvers limit queries, and connections occupy memory on both sides.",
  BFF160:
    "`public` is the only option in its permit. The other options would have no effect, although they seem to restrict access.",
  BFF161:
    "The `fail` of a permit belongs to its `if`, and refuses with PERMISSION_DENIED or NOT_FOUND. NOT_FOUND hides that a resource exists. Other codes would mislead clients.",
  BFF162:
    "A decision is a step in the permit of an rpc with `call`, `by` or `switch`, and has a value. Nothing replaces a decision that fails: the request is refused.",
  BFF163:
    "A permit names a source, a scope or a role exactly. An empty name, or a name with spaces around it, matches no caller.",
  BFF164:
    "A stream sets `var` and a source, and a source that is a topic sets `topic` and `key`. Without `var` no field could read an item. A live answer sets a trigger instead.",
  BFF165:
    "The pace of a stream is within bounds, and `overflow` is not its zero value. Items that wait for a follower occupy memory.",
  BFF166:
    "An option about the pace of a stream has an effect. Only `overflow: LATEST` may drop items, and then nothing is composed ahead.",
  BFF168:
    "A topic has a name and a source: a subject of JetStream, a call, or both. A topic with a call also sets the `position` of an item.",
  BFF169:
    "The subject of a topic contains `{key}` once, and is a name that NATS accepts. Items under any other subject would reach no follower.",
  BFF636:
    "A live answer sets only its triggers, `heartbeat`, `max_age` and `min_interval`. The other settings of a stream are about items.",
  BFF167: "`stream` belongs to an rpc that returns a stream. It sets how one request results in many messages.",
  BFF178:
    "A cache of responses sets a lifetime: `cache` sets `ttl`, and `http_cache` sets `max_age` in whole seconds. HTTP has no smaller unit.",
  BFF179:
    "`vary` lists names of headers in lower case. Caches compare these headers of requests, and with `*` they would never reuse a response.",
  BFF180:
    "A version sets days of the calendar, as in ISO 8601. The days are sent as headers with a time, in which an invalid day would become another day.",
  BFF181:
    "The name of a tool, and of a group of tools, has 1 to 64 letters, digits, underscores and dashes. Models and their APIs accept no other names.",
  BFF182:
    "A branch that serves selects some of the requests, by `if` or by `share`. If it took all, its address would be that of the upstream. Only mirrors compare answers.",
  BFF183:
    "A branch has a unique name of lower-case letters, digits and underscores. The environment variable with its address ends with this name.",
  BFF525: "Fair shares have a `key`. Without one, all requests would be one party.",
  BFF174: "A limit sets `name`, `key`, `rate` and `per`. Clients, logs and metrics identify a limit by its name.",
  BFF175:
    "A limit counts in whole numbers that are small enough to be exact. A rounding error would admit or refuse a request wrongly.",
  BFF176:
    "A limit is per duration, which rolls, or per day or month of the calendar in UTC. All of a day or month may be used at once, so it has no `burst`.",
  BFF177:
    "Each option of a limit has an effect. `settle` corrects a `cost` that was charged, and `closed` is for counters outside the process.",
  BFF184:
    "A path of google.api.http is a valid template: literals, `*` or variables as segments, `**` last, and a verb after a colon. Every tool then serves the same paths.",
  BFF185:
    "A rule of google.api.http sets one method and one path, and its bindings are one level deep. HTTP servers answer OPTIONS, CONNECT and TRACE themselves.",
  BFF186:
    "A request with GET, HEAD or DELETE has no body. HTTP gives such a body no meaning, so clients, proxies and caches leave it out.",
  BFF187: "`protocol` sets the protocol of an upstream. Its zero value has no meaning.",
  BFF188:
    "A cookie with a token has a name that begins with `__Host-`. Browsers accept such a cookie only from the same host. A page on a sibling host can set any other cookie to its own token.",
  BFF189:
    "The shards of an upstream have a maximum of up to 1,000 and a rule for keys. The `shard` of a call has a key or a name, never both.",
  BFF192:
    "`identify` sets whether and how an upstream receives the identity of the caller. Its zero value has no meaning.",
  BFF193:
    "A hedge has a `delay` or leaves `at_once`. Two attempts that leave together have no delay, no budget and no further attempts.",
  BFF194: "`priority` sets the class of an rpc under overload. Its zero value has no meaning.",
  BFF195:
    "A host is a name in lower case, possibly after `*.`. A scheme, a port or a path would never equal a request's host.",
  BFF196:
    "A header of an answer has a lower-case name that nothing else writes or interprets, and an rpc has at most 16 headers. Two meanings of one header would break clients, proxies or caches.",
  BFF197:
    "A meter and each of its labels set `name` and `by`. Names are parts of a metric: lower-case letters, digits and underscores, without the names that metrics use for other labels.",
  BFF198: "`wait` belongs to a tool whose rpc returns a stream. The `timeout` of any other rpc limits its response.",
  BFF199:
    "A tool with side effects sets `confirm`: whether each call needs the confirmation of the user. A tool that only reads has nothing to confirm.",
  BFF191:
    "The protos of the options are of the same version as the plugin. In another version, an option could have another meaning or be ignored.",
  BFF660:
    "A deferred step is supplementary. When it fails, the first message and the status of the response may already have been sent.",
  BFF673: "`parts_timeout` belongs to an rpc whose response has parts. Other rpcs have only a `timeout`.",
  BFF809:
    "The tags of a cache are texts that differ, at most 16, and `purged` sets the use of purged answers. Purges name tags, so an empty tag has no use.",
  BFF815:
    "A purge on events has a subject, the JetStream stream that has it, the message of its events, and the tags that they purge.",
  BFF816: "The subject of a purge is a name that NATS accepts, perhaps with wildcards. No event has any other subject.",
  BFF812:
    "Tagged answers are used for at most 24 h. Purges are remembered for 48 h, so each answer is older than no forgotten purge.",
  BFF440:
    "A field of `usage` sets `name` and `by`, and `subject` names one subject of NATS. Names are members of JSON: lower-case letters, digits and underscores.",
  BFF661:
    "Only the steps of a message can be deferred. The steps of a service or of a permit belong to no part of a response.",
} as const;

export type DeclarationCode = keyof typeof declarationCodes;
