import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Live, Overview, ShownRequest } from "../src/explorer/page-data.ts";
import { type Connection, follow, overview } from "./api.ts";
import { Detail } from "./detail.tsx";
import { GraphView } from "./graph.tsx";
import { graphOf, unreviewedOf } from "./plan.ts";
import { ReplayView } from "./replay.tsx";
import { Requests } from "./requests.tsx";
import { TryIt } from "./try-it.tsx";
import { Upstreams } from "./upstreams.tsx";
import { shortName } from "./words.ts";

/** As many as the server keeps, at most. */
const MAX_REQUESTS = 200;
const VIEWS = { requests: "Requests", graph: "Graph", upstreams: "Upstreams", try: "Try it" } as const;
type View = keyof typeof VIEWS;

const CONNECTION: Readonly<Record<Connection, string>> = {
  up: "",
  lost: "connection lost, trying again",
  refused: "the server shows nothing more here: reload the page, or close others",
};

const viewOf = (): View => {
  const named = location.hash.slice(1);
  return Object.hasOwn(VIEWS, named) ? (named as View) : "requests";
};

function Page() {
  const [about, setAbout] = useState<Overview>();
  const [wrong, setWrong] = useState("");
  const [live, setLive] = useState<Live>({ upstreams: [], mocks: [], requests: [] });
  const [connection, setConnection] = useState<Connection>("up");
  const [view, setView] = useState<View>(viewOf);
  useEffect(() => {
    follow(
      (update, first) =>
        setLive((old) => ({ ...update, requests: merged(first ? [] : old.requests, update.requests) })),
      (is) => {
        setConnection(is);
        if (is !== "up") return;
        // Runs again after a restart, because another server may have taken its place.
        overview().then(
          (loaded) => {
            setAbout((old) => (JSON.stringify(old) === JSON.stringify(loaded) ? old : loaded));
            setWrong("");
          },
          (thrown: Error) => setWrong(thrown.message),
        );
      },
    );
    addEventListener("hashchange", () => setView(viewOf()));
  }, []);
  return (
    <>
      <header>
        <h1>{about?.name ?? "protobff explorer"}</h1>
        {about?.replays === undefined && <Navigation view={view} />}
        <p role="status">{wrong !== "" ? wrong : CONNECTION[connection]}</p>
      </header>
      {about?.replays !== undefined ? (
        <main aria-label="Replay">
          <h2 class="hidden">Replay</h2>
          <ReplayView requests={about.replays} plan={about.plan} />
        </main>
      ) : (
        <Views view={view} about={about} live={live} />
      )}
    </>
  );
}

function Navigation({ view }: { readonly view: View }) {
  return (
    <nav aria-label="Views">
      {Object.entries(VIEWS).map(([name, title]) => (
        <a key={name} href={`#${name}`} aria-current={name === view ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

/** The views of a running server. */
function Views({
  view,
  about,
  live,
}: {
  readonly view: View;
  readonly about: Overview | undefined;
  readonly live: Live;
}) {
  return (
    <main aria-label={VIEWS[view]}>
      <h2 class="hidden">{VIEWS[view]}</h2>
      {about?.plan !== undefined && <PublicFields plan={about.plan} />}
      {/* Hidden, not gone: what was typed there stays. */}
      <div hidden={view !== "try"}>
        {about !== undefined && <TryIt about={about} requests={live.requests} mocks={live.mocks} />}
      </div>
      {view === "requests" && <RequestsView requests={live.requests} plan={about?.plan} />}
      {view === "graph" && about !== undefined && <Graphs about={about} />}
      {view === "upstreams" && <Upstreams upstreams={live.upstreams} mocks={live.mocks} />}
    </main>
  );
}

/** Lists the fields that `protobff init` has made public, until the comment that marks them is removed. */
function PublicFields({ plan }: { readonly plan: readonly unknown[] }) {
  const all = unreviewedOf(plan);
  if (all.length === 0) return null;
  return (
    <details class="unreviewed" open>
      <summary>The public fields are not reviewed yet</summary>
      <ul>
        {all.map(({ message, fields }) => (
          <li key={message}>
            <code>{message}</code>: {fields.join(", ")}
          </li>
        ))}
      </ul>
      <p>
        <code>protobff init</code> chose these fields. Delete those that clients must not have from the proto, and then
        the comment <code>protobff:unreviewed</code>.
      </p>
    </details>
  );
}

function RequestsView({
  requests,
  plan,
}: {
  readonly requests: readonly ShownRequest[];
  readonly plan: readonly unknown[] | undefined;
}) {
  const [chosen, choose] = useState<number>();
  const request = requests.find(({ id }) => id === chosen);
  return (
    <div class={request === undefined ? "" : "split"}>
      <Requests requests={requests} chosen={chosen} choose={choose} />
      {request !== undefined && <Detail request={request} plan={plan} />}
    </div>
  );
}

function Graphs({ about: { rpcs, plan } }: { readonly about: Overview }) {
  const [rpc, setRpc] = useState(rpcs[0]?.rpc ?? "");
  const graph = useMemo(() => (plan === undefined ? undefined : graphOf(plan, rpc)), [plan, rpc]);
  if (plan === undefined)
    return (
      <p class="empty">
        The server was generated without its plan. Add <code>explorer=true</code> to the options of protoc-gen-bff in
        buf.gen.yaml.
      </p>
    );
  return (
    <>
      <p>
        <label>
          Rpc{" "}
          <select value={rpc} onChange={(event) => setRpc(event.currentTarget.value)}>
            {rpcs.map((listed) => (
              <option key={listed.rpc} value={listed.rpc}>
                {shortName(listed.rpc)}
              </option>
            ))}
          </select>
        </label>
      </p>
      {graph === undefined ? <p class="empty">The plan has no such rpc.</p> : <GraphView graph={graph} />}
    </>
  );
}

/** Newest first. */
function merged(old: readonly ShownRequest[], updates: readonly ShownRequest[]): readonly ShownRequest[] {
  const all = new Map([...old, ...updates].map((request) => [request.id, request]));
  return [...all.values()].sort((a, b) => b.at - a.at || b.id - a.id).slice(0, MAX_REQUESTS);
}

const place = document.getElementById("page");
if (place !== null) {
  place.replaceChildren();
  render(<Page />, place);
}
