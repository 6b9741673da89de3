/// <reference lib="dom" />
// The page of react.system.test.ts: its buttons change what the hooks are given, and its paragraphs show their results.
import { create } from "@bufbuild/protobuf";
import { createRouterTransport } from "@connectrpc/connect";
import { createElement, type ReactNode, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { RunPageSchema, RunService } from "../../../generated/runs/v1/runs_pb.ts";
import { StreamService } from "../../../runtime/src/testing/stream-service.ts";
import { events } from "../events.ts";
import { useFollow, useLive, useParts } from "../react.ts";

const OVER = events({ baseUrl: location.origin });
const NONE: readonly string[] = [];

function Items({ of }: { readonly of: string }): ReactNode {
  const { value, state, error } = useFollow(
    StreamService.method.follow,
    { fileName: of },
    {
      over: OVER,
      initial: NONE,
      reduce: (items, { message }) => [...items, message.fileName],
      backoff: { initialMs: 10, maxMs: 50 },
    },
  );
  return createElement("p", { id: "items" }, `${value.join()} ${state} ${error ?? ""}`);
}

function Newest(): ReactNode {
  const { value, state } = useLive(StreamService.method.follow, { fileName: "newest" }, { over: OVER });
  return createElement("p", { id: "newest" }, `${value?.fileName} ${state}`);
}

let next: () => void = () => {};
const TRANSPORT = createRouterTransport(({ service }) => {
  service(RunService, {
    async *openRun({ runId }) {
      if (runId === "") throw new Error("no run");
      yield create(RunPageSchema, { percent: 10 });
      await new Promise<void>((resolve) => {
        next = resolve;
      });
      yield create(RunPageSchema, { actorName: "Ada", parts: [{ name: "actor_name" }] });
      await new Promise<void>((resolve) => {
        next = resolve;
      });
    },
  });
});

function Run({ id }: { readonly id: string }): ReactNode {
  const { value, arrived, state } = useParts(RunService.method.openRun, { runId: id }, { transport: TRANSPORT });
  const there = ["actor_name", "others"].filter(arrived).join();
  return createElement("p", { id: "run" }, `${value?.percent} ${value?.actorName} [${there}] ${state}`);
}

function Page(): ReactNode {
  const [of, follow] = useState("a");
  const [run, open] = useState("r1");
  const [isHere, stay] = useState(true);
  const [isLive, live] = useState(false);
  const button = (id: string, onClick: () => void) =>
    createElement("button", { type: "button", id, key: id, onClick }, id);
  return [
    button("other", () => follow("b")),
    button("leave", () => stay(false)),
    button("next", () => next()),
    button("live", () => live(true)),
    button("without", () => open("")),
    isHere ? createElement(Items, { of, key: "items" }) : undefined,
    isLive ? createElement(Newest, { key: "newest" }) : undefined,
    createElement(Run, { id: run, key: "run" }),
  ];
}

createRoot(document.body.appendChild(document.createElement("div"))).render(
  createElement(StrictMode, undefined, createElement(Page)),
);
