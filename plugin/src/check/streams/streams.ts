// Settings that streaming rpcs cannot have, and calls that their items must not make.

import type { Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { fullName } from "../../model/full-name.ts";
import { isPosition } from "../../model/stream-fields.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Composed, Model } from "../../resolve/model/model.ts";
import { callsOf, composesOf } from "../../resolve/model/source-parts.ts";
import type { Check } from "../check.ts";

export const streams: Check = {
  rules: {
    BFF628:
      "Options of single answers do not apply to a stream. A stream has no answer for a cache, a cost or an HTTP path.",
    BFF629:
      "Calls for each item of a stream have no side effects. A follower that resumes receives items again, and several followers receive the same items.",
    BFF631:
      "The response of a stream with a `position` or a `heartbeat` has a field of type bff.v1.Position. Clients resume from this position.",
    BFF644: "A unary response with a bff.v1.Position has exactly one `latest`. The position is that of its item.",
  },
  run: checkStreams,
};

function checkStreams(model: Model, report: Report): void {
  const byName = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    checkUnaryPosition(method, report);
    if (method.ir.stream !== undefined || method.parts !== undefined) checkAnswers(method, report);
    if (method.ir.stream === undefined) continue;
    checkEffects(method, byName, report);
    checkPosition(method, report);
  }
}

/** Reports settings that apply only to whole answers. */
function checkAnswers({ ir, limits }: BffMethod, report: Report): void {
  const { cache, httpCache, http, desc } = ir;
  const settles = limits?.uses.find(({ settle }) => settle !== undefined)?.settle?.text.at;
  const said = [
    ["cache", cache?.at, "a stream has no answer that could be used again"],
    ["http_cache", httpCache?.at, "HTTP caches keep no streams"],
    ["google.api.http", http[0]?.at, "a path of it has one answer; browsers follow streams at the rpc's own path"],
    ["settle", settles, "a stream has no answer that could say what it has cost"],
  ] as const;
  for (const [name, at, why] of said)
    if (at !== undefined)
      report({
        code: "BFF628",
        severity: "error",
        message: `"${desc.name}" streams, and \`${name}\` is for single answers: ${why}`,
        at,
        related: [{ at: ir.at, message: "the rpc" }],
        hint: name === "settle" ? "leave it out, or give this rpc a limit of its own" : "leave it out",
      });
}

/** Reports side effects of items: a client may resume and receive items again, so the side effects would repeat. */
function checkEffects(
  { composed, ir, stream }: BffMethod,
  byName: ReadonlyMap<string, Composed>,
  report: Report,
): void {
  const all = reachable([composed], ({ steps }) =>
    steps.flatMap(({ source }) => composesOf(source).flatMap(({ message }) => byName.get(message.typeName) ?? [])),
  );
  const called = all.flatMap(({ steps }) => steps.flatMap(({ source }) => callsOf(source)));
  const reported = new Set<Call>();
  for (const call of called) {
    if (call.effects === "none" || reported.has(call)) continue;
    reported.add(call);
    report({
      code: "BFF629",
      severity: "error",
      message: `"${fullName(call.method)}" may have side effects, and is called for each item of "${ir.desc.name}": whoever resumes is given items again`,
      at: call.methodAt,
      related: [{ at: ir.stream?.at ?? ir.at, message: "the stream" }],
      hint: "say `read_only: true` when it only reads, or call it in a step that does not rest on the item",
    });
  }
  const { position, call } = stream ?? {};
  if (call === undefined || position === undefined || call.effects === "none") return;
  report({
    code: "BFF630",
    severity: "error",
    message: `"${fullName(call.method)}" may have side effects, and with a \`position\` it would be called again where it broke`,
    at: position.by.text.at,
    related: [{ at: call.methodAt, message: "the call" }],
    hint: "leave out `position`; or say `read_only: true` when the call only reads",
  });
}

/** Reports a response without a field for its position or heartbeat. */
function checkPosition({ ir, desc, composed }: BffMethod, report: Report): void {
  const { position: said, heartbeat, source } = ir.stream ?? {};
  const position = source?.kind === "call" ? said : undefined;
  const at = position?.at ?? heartbeat?.at;
  if (at === undefined || desc.output.fields.some(isPosition)) return;
  report({
    code: "BFF631",
    severity: "warning",
    message: `"${desc.output.name}" has no place for a ${position === undefined ? "heartbeat" : "position"}: ${position === undefined ? "clients hear nothing while nothing comes" : "clients are given no token by which they could go on"}`,
    at,
    related: [{ at: composed.ir.at, message: "the response" }],
    hint: "add `bff.v1.Position position = 14;` to it",
  });
}

export const topics: Check = {
  rules: {
    BFF645: "A topic is followed, or a `latest` reads its newest item.",
  },
  run: checkTopics,
};

/** Reports topics, and uses of topics, that are valid but probably not intended. */
function checkTopics(model: Model, report: Report): void {
  const services = model.files.flatMap((file) => file.services);
  const used = new Set([
    ...model.streams.flatMap(({ follow }) => follow?.topic ?? []),
    ...blocksOf(model).flatMap(({ steps }) =>
      steps.flatMap(({ source }) => (source.kind === "latest" ? [source.topic] : [])),
    ),
  ]);
  for (const { ir } of services)
    for (const topic of ir.topics)
      if (!used.has(topic))
        report({
          code: "BFF645",
          severity: "warning",
          message: `nothing follows the topic "${topic.name.value}", and nothing asks for its newest item`,
          at: topic.name.at,
          hint: 'follow it in an rpc, as in `stream: { var: "event" follow: { … } }`, or remove it',
        });
}

/** Reports a response with a position field that does not have exactly one `latest` to set it. */
function checkUnaryPosition({ ir, desc, composed, stream }: BffMethod, report: Report): void {
  const field = desc.output.fields.find(isPosition);
  if (ir.stream !== undefined || stream !== undefined || field === undefined) return;
  const latest = composed.steps.filter(({ source }) => source.kind === "latest");
  if (latest.length === 1 && composed.desc === desc.output) return;
  const at = composed.ir.fields.find(({ desc: one }) => one === field)?.at ?? ir.at;
  report({
    code: "BFF644",
    severity: "error",
    message:
      latest.length > 1
        ? `"${field.name}" is where a client goes on from, and "${composed.desc.name}" has ${latest.length} items that could say`
        : `nothing says what "${field.name}" of "${desc.output.name}" is: the rpc "${ir.desc.name}" follows nothing`,
    at,
    related: [{ at: ir.at, message: "the rpc" }],
    hint:
      latest.length > 1
        ? "keep one `latest` in the response itself, and compose messages for the others"
        : "take it out, or read the newest item of a topic: a step by `latest` in the response itself",
  });
}
