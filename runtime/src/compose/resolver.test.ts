// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#observing
import { create } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Code, Failure, OVER, Reason } from "../failure.ts";
import type { ResolverEvent } from "../observer-calls.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { PageSchema, Upstream } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import type { Request } from "./request.ts";
import type { Resolving } from "./resolver.ts";
import { clientOf, clientsOf, type ResolverClient } from "./resolver-client.ts";
import { supplied } from "./supplied.ts";

noUnhandledRejections();

interface UpClients {
  readonly up: ResolverClient<typeof Upstream>;
}
type TitleInput = Resolving<{ id: string }, object, UpClients>;

/** A BFF whose one field, `title`, a function supplies. */
function resolving(options: Parameters<typeof front>[0] = {}, readOnly: readonly ("get" | "batchGet")[] = []) {
  const bff = front(options);
  const clients: (cx: Request<unknown>) => UpClients = clientsOf({
    up: clientOf(Upstream, bff.upstream, { get: {}, batchGet: {} }, {}, readOnly),
  });
  const send = (
    run: (input: TitleInput) => string | undefined | Promise<string | undefined>,
    {
      optional = false,
      sensitive = false,
      headers = {},
    }: { optional?: boolean; sensitive?: boolean; headers?: Record<string, string> } = {},
  ) =>
    bff.send(
      async (cx) => {
        const resolve = { name: "test.v1.Page.title", run, args: { id: "a" }, steps: {}, clients, sensitive };
        const step = optional
          ? cx.tryStep(() => cx.resolveIfAny(resolve))
          : cx.step(() => cx.resolve({ ...resolve, run: run as (input: TitleInput) => string }));
        const title = await step;
        const response = page({ title: title ?? "" });
        if (cx.degraded) cx.touched(response, "title", title !== undefined, step);
        return response;
      },
      { headers },
    );
  return { ...bff, send };
}

describe("a resolver", () => {
  test("a resolver gets arguments and read-only headers, and returns its value now or later", async () => {
    const { send } = resolving();
    expect(
      (
        await send(
          ({ args, headers }) => `${args.id} ${headers.get("X-User")} ${headers.has("no")} ${headers.get("no")}`,
          {
            headers: { "x-user": "ada" },
          },
        ).answer
      ).page?.title,
    ).toBe("a ada false null");
    expect((await send(async () => "later").answer).page?.title).toBe("later");
  });

  test("a resolver refuses with its status, even for an optional field", async () => {
    const { send } = resolving();
    const expected = { clientCode: Code.NOT_FOUND, clientMessage: "no such page", refusal: true };
    for (const optional of [false, true]) {
      const { failure } = await send(({ refuse }) => refuse(Code.NOT_FOUND, "no such page"), { optional }).answer;
      expect(failure).toMatchObject(expected);
      const later = await send(
        async ({ refuse }) => {
          await null;
          throw refuse(Code.NOT_FOUND, "no such page");
        },
        { optional },
      ).answer;
      expect(later.failure).toMatchObject(expected);
    }
    const { failure } = await send(({ refuse }) => refuse(Code.ABORTED)).answer;
    expect(failure).toMatchObject({ clientCode: Code.ABORTED, clientMessage: "aborted" });
    const nonsense = await send(({ refuse }) => refuse(Code.OK)).answer;
    expect(nonsense.failure).toMatchObject({ clientCode: Code.INTERNAL, reason: Reason.INVALID });
    expect(nonsense.failure?.message).toContain("0 is no status to refuse with");
  });

  test("a resolver that throws fails the response with INTERNAL, and only the observer receives the exception", async () => {
    const { send, responses } = resolving();
    const thrown = new Error("the password is 1234");
    const { failure } = await send(() => {
      throw thrown;
    }).answer;
    expect(failure).toMatchObject({
      clientCode: Code.INTERNAL,
      clientMessage: "internal error",
      reason: Reason.INVALID,
      upstream: "",
    });
    expect(failure?.cause).toBe(thrown);
    expect(responses.length).toBe(1);
    const odd = Object.create(null) as object;
    expect((await send(() => Promise.reject(odd)).answer).failure?.clientCode).toBe(Code.INTERNAL);
  });

  test("errors of a resolver in a run with sensitive values have a stack, and no text", async () => {
    const { send } = resolving();
    for (const thrown of [new TypeError("ann@example.org", { cause: "ann" }), new ConnectError("ann"), "ann", null]) {
      const run = (): never => {
        throw thrown;
      };
      const { failure } = await send(run, { sensitive: true }).answer;
      const shown = failure?.cause;
      if (!(shown instanceof Error)) throw new Error("no cause");
      expect([failure?.message, failure?.logText, shown.stack, shown.cause].join()).not.toMatch(/ann/);
      expect(shown.stack).toMatch(/^\w+: the text is masked.*\n +at .*resolver/);
    }
  });

  test.each([
    [ConnectCode.Unavailable, Code.UNAVAILABLE, Reason.UNAVAILABLE],
    [ConnectCode.NotFound, Code.INTERNAL, Reason.REJECTED],
    [ConnectCode.DeadlineExceeded, Code.DEADLINE_EXCEEDED, Reason.TIMEOUT],
  ])("a ConnectError %s counts as an upstream's status", async (thrown, clientCode, reason) => {
    const { failure } = await resolving().send(() => {
      throw new ConnectError("secret", thrown);
    }).answer;
    expect(failure).toMatchObject({ clientCode, reason });
    expect(failure?.clientMessage).not.toContain("secret");
  });

  test("a failed resolver of an optional field leaves the field absent, with a cause in the degradation", async () => {
    const answered = await resolving().send(
      () => {
        throw new Error("no");
      },
      { optional: true },
    ).answer;
    expect(answered).toMatchObject({ header: "title", entries: ["title 1 6 "] });
    const without = await resolving().send(() => undefined, { optional: true }).answer;
    expect([without.page?.title, without.entries, without.header]).toEqual(["", undefined, ""]);
  });

  test("a resolver without a value for a required field is a separate fault", async () => {
    const { failure } = await resolving().send(() => undefined).answer;
    expect(failure).toMatchObject({ clientCode: Code.INTERNAL, reason: Reason.INVALID });
    expect(failure?.message).toBe("the resolver of test.v1.Page.title gave no value");
  });

  test("a late resolver ends as a timeout, and its later value is dropped", async () => {
    const { send, clock } = resolving({ timeoutMs: 500 });
    let late: ((value: string) => void) | undefined;
    let reason: unknown;
    const { answer } = send(({ signal }) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return new Promise((resolve) => {
        late = resolve;
      });
    });
    await clock.advance(500);
    expect((await answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED, reason: Reason.TIMEOUT });
    expect((reason as DOMException).name).toBe("TimeoutError");
    late?.("too late");
    await idle();
    expect(clock.running).toBe(0);
  });

  test("a resolver is not started without remaining time", async () => {
    const { send, clock } = front({ timeoutMs: 500 });
    let ran = false;
    const run = (): string => {
      ran = true;
      return "x";
    };
    const { answer } = send(async (cx) => {
      const slow = cx.tryCall(cx.app.get, { id: "slow" });
      await slow;
      const title = cx.tryStep(async () => cx.resolve({ name: "x", args: {}, steps: {}, clients: () => ({}), run }));
      return page({ title: (await title) ?? "none" });
    });
    await clock.advance(500);
    expect((await answer).page?.title).toBe("none");
    expect(ran).toBe(false);
  });

  test("a resolver's signal aborts when the client leaves, a sibling fails, or the answer has left", async () => {
    const signals: AbortSignal[] = [];
    const hang = ({ signal }: TitleInput): Promise<string> => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { send } = resolving();
    const gone = send(hang);
    await idle();
    gone.cancel();
    expect(signals[0]?.aborted).toBe(true);
    expect(gone.state.answered).toBeUndefined();

    const quick = ({ signal }: TitleInput): string => {
      signals.push(signal);
      return "x";
    };
    expect((await send(quick).answer).page?.title).toBe("x");
    expect(signals[1]?.aborted).toBe(true);
  });

  test("a resolver that does not read its signal creates none", async () => {
    const before = AbortController;
    let made = 0;
    globalThis.AbortController = class extends before {
      constructor() {
        super();
        made++;
      }
    };
    try {
      await resolving().send(({ args, headers }) => `${args.id}${headers.get("x")}`).answer;
      expect(made).toBe(0);
    } finally {
      globalThis.AbortController = before;
    }
  });

  test("a resolver is reported to the observer once, for every kind of end", async () => {
    const events: ResolverEvent[] = [];
    const { send } = front();
    const { answer } = send(async (cx) => {
      const observed = cx.exchange as { observer: unknown };
      observed.observer = { resolver: (event: ResolverEvent) => events.push(event) };
      const of = { args: {}, steps: {}, clients: () => ({}) };
      await cx.resolve({ ...of, name: "good", run: () => 1 });
      await cx.tryStep(() => cx.resolve({ ...of, name: "bad", run: () => Promise.reject(new Error("x")) }));
      void cx.tryStep(() => cx.resolve({ ...of, name: "hangs", run: () => new Promise<number>(() => {}) }));
      return page();
    });
    await answer;
    expect(events.map(({ name, outcome }) => [name, outcome.ok])).toEqual([
      ["good", true],
      ["bad", false],
      ["hangs", false],
    ]);
    expect(events[2]?.outcome).toMatchObject({ failure: OVER });
  });
});

describe("clients of a resolver", () => {
  test("a call uses the upstream's guards; its failure is a ConnectError, and stays the upstream's if rethrown", async () => {
    const { send, client, calls } = resolving();
    client.answer = byId({});
    expect((await send(async ({ clients }) => (await clients.up.get({ id: "b" })).id).answer).page?.title).toBe("b");
    expect(calls.map(({ method }) => method)).toEqual(["test.v1.Upstream/Get"]);
    client.answer = (sent) => sent.fault(Code.NOT_FOUND);
    const caught = await send(async ({ clients }) => {
      try {
        return (await clients.up.get({ id: "b" })).id;
      } catch (error) {
        return `${error instanceof ConnectError && error.code === ConnectCode.NotFound && error.cause instanceof Failure}`;
      }
    }).answer;
    expect(caught.page?.title).toBe("true");
    const passed = await send(async ({ clients }) => (await clients.up.get({ id: "b" })).id).answer;
    expect(passed.failure).toMatchObject({ upstream: "test.v1.Upstream", clientCode: Code.INTERNAL });
  });

  test("an unawaited call with side effects holds the answer back, and may fail", async () => {
    const { answer, client, state } = waiting();
    await idle();
    expect(state.answered).toBeUndefined();
    client.of("left").fault(Code.UNAVAILABLE);
    expect((await answer).page?.title).toBe("x");

    function waiting() {
      const bff = resolving();
      const request = bff.send(({ clients }) => {
        void clients.up.get({ id: "left" });
        return "x";
      });
      return { answer: request.answer, state: request.state, client: bff.client };
    }
  });

  test("an unawaited call of a method without side effects does not hold the answer back", async () => {
    const { send } = resolving({}, ["get"]);
    const { answer } = send(({ clients }) => {
      void clients.up.get({ id: "left" });
      return "x";
    });
    expect((await answer).page?.title).toBe("x");
  });
});

test("a supplied message is copied", () => {
  const input = create(PageSchema, { title: "t" });
  const made = supplied(PageSchema, input);
  expect(made).toEqual(input);
  expect(made).not.toBe(input);
  expect(supplied(PageSchema, { title: "t" })).toEqual(input);
});
