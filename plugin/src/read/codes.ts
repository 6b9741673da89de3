/** Diagnostics of a declaration alone, before any name is looked up. One sentence each, for docs/diagnostics.md. */
export const declarationCodes = {
  BFF101:
    "A step says exactly one source: `by`, `call`, `compose`, `each`, `switch`, `guard` or `latest`. Without one there is nothing to run, and with two it is not clear which one counts.",
  BFF102:
    "A duration is a number followed by `ms`, `s`, `m`, `h` or `d`. A bare number would leave it to the reader whether 5 means milliseconds or seconds.",
  BFF103:
    "A duration is more than zero, and at most 24 days: a call with no time always fails, and timers hold no longer than that.",
  BFF104:
    "A ratio is more than 0 and at most 1. A percentage written as it is would never be reached, and a breaker with it would never open.",
  BFF105:
    "A number is at least 1 where zero would mean nothing, such as zero attempts, which would never make the call.",
  BFF106:
    "A name is an identifier: letters, digits and underscores, not beginning with a digit. Expressions read it by that name.",
  BFF107:
    "A name is not one that expressions already give a meaning to, because nobody could tell which of the two an expression reads.",
  BFF108: "A name is declared once in its scope, because the second one would silently take the place of the first.",
  BFF109: "An expression is not empty, because an empty one has no value to bind.",
  BFF110: "A guard says both `if` and `fail`: when the response fails, and what the client is told.",
  BFF111:
    "A guard has no value, so it takes no `name`, `supplementary`, `fallback` or `autobind`: nothing could be read from it, and a guard that may be ignored guards nothing.",
  BFF112:
    "A status to fail with is a status code other than OK, and a guard says which. A failure with OK would reach the client as a success without an answer.",
  BFF113:
    "The braces of a failure's `message`, or of what a source of an identity says, hold expressions, and are closed. A brace left open would end up in the text.",
  BFF114: "A `compose` names its message, because that message says what is composed.",
  BFF115: "An `each` says `var`, `in` and one source: the name of an item, the list, and what is done with each item.",
  BFF116:
    "A `switch` has cases, each with `if` and `by`. A case without one of them could not be chosen or would give no value.",
  BFF117:
    'A call names its method as "package.Service/Method", so that it can be looked up in the protos of the upstream.',
  BFF118:
    "A batch says `name`, `by` and `items`. Without them it is not known which request field takes the keys, what the key is, or where the items of the answer stand.",
  BFF119: "A named value says `name` and `by`, or `spread` alone. Half of it would set nothing.",
  BFF120:
    "An `on_error` rule says what to do: `ignore: true`, `fallback` or `fail`. A rule that only matches an error changes nothing.",
  BFF121: "A metadata key is a lower-case header name, as HTTP/2 has it: others are refused on the wire, at run time.",
  BFF122:
    "A metadata key is not one that gRPC or HTTP needs for itself, because setting it would break deadlines, encodings or framing.",
  BFF123:
    "A step that only computes a value has a name (or fills fields by `autobind`), because otherwise nothing can read what it computes.",
  BFF124: "A rule says something. An empty one is usually a rule that was meant to say more.",
  BFF125:
    "`if` and `default` stand on the members of a oneof, because they choose among members; other fields always have their value.",
  BFF126: "A field takes its value from one source, because with two it is not clear which one wins.",
  BFF127: "A message is composed or copied from an alias, not both: a copy has no place where steps could run.",
  BFF128:
    "An environment variable has a name and one of the types that text can be read as, because the server reads and checks it when it starts.",
  BFF129:
    "The default of an environment variable is of its type, because it takes the place of a text that would be read as that type.",
  BFF130: "A list says each value once. The second one has no effect, and often stands where another value was meant.",
  BFF131:
    "An rpc of a BFF service takes one message. Where it gives a stream of them, it says what it follows, or parts of its response are deferred: by itself nothing tells when to give another one.",
  BFF132:
    "A rule on an rpc stands in a service with `(bff.v1.service)`. In other services nothing is generated, and the rule would have no effect.",
  BFF133:
    "An upstream entry is of one level: of all upstreams, of a service or of a method. With two named, or with a policy that the level does not have, it is not clear what it holds for.",
  BFF134:
    "A backoff grows: `multiplier` is at least 1, and `max` at least `initial`. Waits that get shorter press hardest on the upstream that is already failing.",
  BFF135: "A reference to a message, enum, field or service is a (dotted) name, so that it can be looked up.",
  BFF136:
    "A field rule stands on a field of a message, not on an extension: no message of the BFF holds the extension, so nothing could fill it.",
  BFF137: "A message is copied from an alias or supplied by a resolver, not both.",
  BFF138: "A resolver of a message supplies all its fields: none has a source of its own.",
  BFF139: "A resolver supplies fields of composed messages, not of copies.",
  BFF140: "A breaker that is `off` says nothing else. Its other numbers have no effect, and look as if they had.",
  BFF141: "A policy that is written says something. An empty one looks like a decision, but changes nothing.",
  BFF142: "An attribute of a trace is called as its expression is written. Two of one name would be one of them.",
  BFF143: "A policy that is turned off says nothing else. The rest of it has no effect, and looks as if it had.",
  BFF144: "The default member of a oneof has no condition: it is taken when no other is, whatever its condition says.",
  BFF145:
    "A retry budget allows a retry. Retries stop once half of it is gone, and with so small a one the first failure takes that.",
  BFF146:
    "An `on_error` rule can be reached. Rules are tried in their order, and an earlier one takes all of its errors.",
  BFF147:
    "`as_is` hands on what an upstream has answered a call with. It stands in an `on_error` rule, beside what is to be different.",
  BFF148: "`ANY` stands alone in `on`, because it is every code, and is no status to fail with, because it is none.",
  BFF170: "A function of one's own says what it is called and what it gives. What it takes may be nothing.",
  BFF171:
    "A function of one's own has a name with a dot, under a name that expressions do not have yet, so that none of the library's will ever mean something else.",
  BFF172:
    "`reads` stands beside `resolver`. It says what a function is given, and would do nothing where there is none.",
  BFF149: "The values of an enum all have a text, or none has. One without would be shown as nothing.",
  BFF173: "A batch finds the key of an item in one way: in a field, or by an expression.",
  BFF150:
    "A `fallback` of a field stands in for what is unset in the message that a copy is made of, or in the copy. Other fields have an expression, which can say so itself.",
  BFF151:
    "An identity has sources, and each has a name and one kind of credential. Permits, logs and variables of the environment know a source by its name.",
  BFF152:
    "A source says whose credentials it takes, and for whom they were made. Without that, a credential that somebody else got elsewhere would do.",
  BFF153:
    "Tokens are verified by algorithms with a public key. With a shared secret whoever verifies could sign, and without a signature anybody could.",
  BFF154: "Keys are fetched over https, or from this machine. Whoever could change them on the way could be anybody.",
  BFF155:
    "A credential stands in one header or in one cookie, which says nothing else. There it is found, and nobody else finds it.",
  BFF156:
    "In a pattern of names `*` stands for one whole segment, and for any: people read it who decide whom to trust.",
  BFF157:
    "A credential is of one source. Where two share a place, the credential itself shows whose it is: by its prefix, its issuer or its name.",
  BFF159:
    "The numbers of a `balance` are within bounds: an address that is sick must come back, a resolver must not be flooded, and connections are memory on both sides.",
  BFF160: "`public` stands alone in a permit. Whoever reads the rest would believe that somebody is kept out.",
  BFF161:
    "A permit's `fail` says how its `if` refuses: with PERMISSION_DENIED, or with NOT_FOUND where nobody is to learn that there is something. Other codes would tell clients to do something that does not help.",
  BFF162:
    "A decision is a step in the permit of an rpc, by `call`, `by` or `switch`, and it has a value. Nothing stands in for one that fails: what cannot be decided is refused.",
  BFF163: "A source, scope or role is named in a permit as it is called. Another name, or none, matches nobody.",
  BFF164:
    "A stream says what an item is called and where items come from, and what follows a topic of which key. Without a name no field could read an item.",
  BFF165:
    "What a stream says of its pace is within bounds, and says something: every follower holds memory for what is composed ahead of it.",
  BFF166:
    "What a stream says of its pace has an effect. Only with LATEST may items be dropped, and then nothing is composed ahead.",
  BFF168:
    "A topic says where its items come from: a subject of JetStream, a call, or both, and for a call by what an item has its place.",
  BFF169:
    "A topic's subject has one `{key}`, and is a name as NATS has them. What is published under another subject nobody would follow.",
  BFF167: "`stream` stands on an rpc that returns a stream, because it says how one request becomes many messages.",
  BFF178:
    "What may be used again says for how long: a `cache` of an rpc by its `ttl`, an `http_cache` by its `max_age`, in whole seconds, for HTTP knows no others.",
  BFF179:
    "`vary` names headers, in lower case. Caches compare what requests say in them, and an answer that depends on `*` is never used again.",
  BFF180:
    "A version says days of the calendar, as ISO 8601 writes them. They become headers with a time, and a day that is none would become another one.",
  BFF182:
    "A branch says which requests go to it, by `if` or by `share`, and others stay where they were. One that takes all of them is the upstream's address itself.",
  BFF183:
    "A branch has a name of lower-case letters, digits and underscores, which no other branch of its entry has. Its address is in a variable of the environment that ends with this name.",
  BFF174:
    "A limit has a name, a key, and says how much is allowed in what time. By its name clients, logs and metrics know it.",
  BFF175:
    "What limits count are whole numbers, and no more than can be counted exactly. Otherwise somebody would be let through, or refused, by a rounding.",
  BFF176:
    "A limit is per a duration, which rolls, or per day or month of the calendar, in UTC. Of those all may be used at once.",
  BFF177:
    "What a limit says has an effect: `settle` corrects a `cost` that has been charged, and `closed` is for counters outside of the process.",
  BFF184:
    "A path of google.api.http is a template: segments that are literals, `*` or variables, `**` last, and a verb behind a colon. Whoever reads it another way serves other paths.",
  BFF185:
    "A rule of google.api.http says one method and one path, and its bindings are one level deep. What HTTP itself answers with OPTIONS, CONNECT and TRACE is no rpc's.",
  BFF186:
    "Requests with GET, HEAD and DELETE have no body: HTTP gives it no meaning, so that clients, proxies and caches leave it out.",
  BFF187: "`protocol` says what an upstream speaks. Its zero value says nothing.",
  BFF188:
    "A cookie with a token has a name with `__Host-`, which browsers accept from this host alone. Under any other name a page on a sibling host can plant a token of its own.",
  BFF192: "`identify` says whether, and how, an upstream is told who calls. Its zero value says neither.",
  BFF191:
    "The protos of the options are those that the plugin was made with. With another version's, an option would mean something else, or would not be seen at all.",
  BFF660:
    "A deferred step is supplementary: when it fails, the first message and with it the status of the response may have been sent.",
  BFF673: "`parts_timeout` stands on an rpc whose response comes in parts. Any other has one time, its `timeout`.",
  BFF661:
    "Only steps of messages are deferred. What a service's steps give to several messages, or what a permit decides, is no part of a response.",
} as const;

export type DeclarationCode = keyof typeof declarationCodes;
