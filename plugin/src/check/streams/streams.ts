// Settings that streaming rpcs cannot have, and calls that their items must not make.

import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { fullName } from "../../model/full-name.ts";
import { isPosition } from "../../model/stream-fields.ts";
import { blocksOf, callsOf, composedBy, messagesByName, methodsOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Composed } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

export const streams: Check = {
  rules: {
    BFF628: "Options of single answers do not apply to a stream. A stream has no answer for a cache or an HTTP path.",
    BFF629:
      "Calls for each item of a stream have no side effects. A follower that resumes receives items again, and several followers receive the same items.",
    BFF637: "A live answer has no side effects. It is composed again after each change, for each follower.",
    BFF631:
      "The response of a stream with a `position` or a `heartbeat` has a field of type bff.v1.Position. Clients resume from this position.",
    BFF675:
      "The cost of a stream is settled at its end, and every opening is charged. A stream that followers resume is charged several times.",
    BFF644: "A unary response with a bff.v1.Position has exactly one `latest`. The position is that of its item.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const methods = methodsOf(model);
    // An answer that is also a live one has a position only there.
    const liveAnswers = new Set(methods.flatMap(({ ir, desc }) => (ir.live === undefined ? [] : [desc.output])));
    for (const method of methods) {
      if (!liveAnswers.has(method.desc.output)) checkUnaryPosition(method, report);
      const { stream, live } = method.ir;
      if (stream !== undefined || live !== undefined || method.parts !== undefined) checkAnswers(method, report);
      checkLive(method, report);
      checkPosition(method, report);
      if (stream === undefined) continue;
      checkEffects(method, byName, report);
      checkSettled(method, report);
    }
  },
};

/** Reports settings that apply only to whole answers. */
function checkAnswers({ ir }: BffMethod, report: Report): void {
  const { cache, httpCache, http, desc } = ir;
  const settings = [
    ["cache", cache?.at, "a stream has no answer to reuse"],
    ["http_cache", httpCache?.at, "HTTP caches keep no streams"],
    ["google.api.http", http[0]?.at, "a path has one answer, and browsers follow streams at the path of the rpc"],
  ] as const;
  for (const [name, at, why] of settings)
    if (at !== undefined)
      fault(report, "BFF628", at, {
        message: `"${desc.name}" streams, but \`${name}\` applies to single answers: ${why}`,
        related: [{ at: ir.at, message: "the rpc" }],
        hint: "leave it out",
      });
}

/** Reports a live answer that may have side effects: it is composed again and again. */
function checkLive({ ir, noSideEffects }: BffMethod, report: Report): void {
  if (ir.live === undefined) return;
  if (ir.tool?.wait !== undefined)
    fault(report, "BFF198", ir.tool.wait.at, {
      message: `the tool of "${ir.desc.name}" returns the first answer, which \`timeout\` limits`,
      related: [{ at: ir.live.at, message: "the live answer" }],
      hint: "leave out `wait`",
    });
  if (noSideEffects) return;
  fault(report, "BFF637", ir.at, {
    message: `"${ir.desc.name}" has a live answer, which is composed again and again, but may have side effects`,
    related: [{ at: ir.live.at, message: "the live answer" }],
    hint: "add `option idempotency_level = NO_SIDE_EFFECTS;` to the rpc",
  });
}

/** Reports side effects of items: a client may resume and receive items again, so the side effects would repeat. */
function checkEffects(
  { composed, ir, stream }: BffMethod,
  byName: ReadonlyMap<string, Composed>,
  report: Report,
): void {
  const all = reachable([composed], ({ steps }) => composedBy(steps, byName));
  const called = all.flatMap(({ steps }) => steps.flatMap(({ source }) => callsOf(source)));
  const reported = new Set<Call>();
  for (const call of called) {
    if (call.effects === "none" || reported.has(call)) continue;
    reported.add(call);
    fault(report, "BFF629", call.methodAt, {
      message: `"${fullName(call.method)}" may have side effects, and is called for each item of "${ir.desc.name}": a follower that resumes receives items again`,
      related: [{ at: ir.stream?.at ?? ir.at, message: "the stream" }],
      hint: "set `read_only: true` if it only reads, or call it in a step that does not depend on the item",
    });
  }
  const { position, call } = stream ?? {};
  if (call === undefined || position === undefined || call.effects === "none") return;
  fault(report, "BFF630", position.by.text.at, {
    message: `"${fullName(call.method)}" may have side effects, and with a \`position\` it would be called again after a break`,
    related: [{ at: call.methodAt, message: "the call" }],
    hint: "leave out `position`; or set `read_only: true` if the call only reads",
  });
}

/** Reports a response without a field for its position or heartbeat. */
function checkPosition({ ir, desc, composed }: BffMethod, report: Report): void {
  const { position: positionOption, heartbeat, source } = ir.stream ?? {};
  const position = source?.kind === "call" ? positionOption : undefined;
  const at = position?.at ?? (heartbeat ?? ir.live?.heartbeat)?.at;
  if (at === undefined || desc.output.fields.some(isPosition)) return;
  caution(report, "BFF631", at, {
    message: `"${desc.output.name}" has no field for a ${position === undefined ? "heartbeat" : "position"}: ${position === undefined ? "clients receive nothing while there are no items" : "clients receive no token to resume from"}`,
    related: [{ at: composed.ir.at, message: "the response" }],
    hint: "add `bff.v1.Position position = 14;` to the response",
  });
}

/** Reports costs that a follower pays again when it resumes. */
function checkSettled({ ir, limits }: BffMethod, report: Report): void {
  const { position, source } = ir.stream ?? {};
  const settle = limits?.uses.find((use) => use.settle !== undefined)?.settle;
  const again = position?.at ?? (source?.kind === "follow" ? source.at : undefined);
  if (settle === undefined || again === undefined) return;
  caution(report, "BFF675", settle.text.at, {
    message: `a follower of "${ir.desc.name}" that resumes is charged again for the whole cost`,
    related: [{ at: again, message: "followers resume" }],
    hint: "leave out `settle`, or let items contain the cost since the stream was opened",
  });
}

/** Reports topics, and uses of topics, that are valid but probably not intended. */
export const topics: Check = {
  rules: {
    BFF645: "A topic is followed, or a `latest` reads its newest item.",
  },
  run(model, report) {
    const services = model.files.flatMap((file) => file.services);
    const used = new Set([
      ...model.streams.flatMap(({ follow }) => follow?.topic ?? []),
      ...model.tags.flatMap(({ follows }) => follows.map(({ topic }) => topic)),
      ...blocksOf(model).flatMap(({ steps }) =>
        steps.flatMap(({ source }) => (source.kind === "latest" ? [source.topic] : [])),
      ),
    ]);
    for (const { ir } of services)
      for (const topic of ir.topics)
        if (!used.has(topic))
          caution(report, "BFF645", topic.name.at, {
            message: `no rpc follows the topic "${topic.name.value}" or reads its newest item`,
            hint: 'follow the topic in an rpc, as in `stream: { var: "event" follow: { … } }`, or remove the topic',
          });
  },
};

/** Reports a response with a position field that does not have exactly one `latest` to set it. */
function checkUnaryPosition({ ir, desc, composed, stream }: BffMethod, report: Report): void {
  const field = desc.output.fields.find(isPosition);
  if (ir.stream !== undefined || stream !== undefined || field === undefined) return;
  const latest = composed.steps.filter(({ source }) => source.kind === "latest");
  if (latest.length === 1 && composed.desc === desc.output) return;
  const at = composed.ir.fields.find(({ desc: member }) => member === field)?.at ?? ir.at;
  fault(report, "BFF644", at, {
    message:
      latest.length > 1
        ? `"${field.name}" needs one newest item, and "${composed.desc.name}" has ${latest.length}`
        : `"${field.name}" of "${desc.output.name}" has no source: the rpc "${ir.desc.name}" follows no stream`,
    related: [{ at: ir.at, message: "the rpc" }],
    hint:
      latest.length > 1
        ? "keep one `latest` in the response itself, and compose messages for the others"
        : "remove the field, or read the newest item of a topic: add a step with `latest` to the response itself",
    derived: true,
  });
}
