import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Live, Overview, ShownRequest } from "../src/explorer/shown.ts";
import { follow, overview } from "./api.ts";
import { Requests } from "./requests.tsx";
import { Upstreams } from "./upstreams.tsx";

/** As many as the server keeps. */
const MOST_REQUESTS = 200;

function Page() {
  const [about, setAbout] = useState<Overview>();
  const [wrong, setWrong] = useState("");
  const [live, setLive] = useState<Live>({ upstreams: [], mocks: [], requests: [] });
  const [lost, setLost] = useState(false);
  const [chosen, choose] = useState<number>();
  useEffect(() => {
    overview().then(setAbout, (thrown: Error) => setWrong(thrown.message));
    follow((told) => setLive((old) => ({ ...told, requests: merged(old.requests, told.requests) })), setLost);
  }, []);
  return (
    <>
      <header>
        <h1>{about?.name ?? "protobff explorer"}</h1>
        <p role="status">{wrong !== "" ? wrong : lost ? "connection lost, trying again" : ""}</p>
      </header>
      <main>
        <section aria-labelledby="requests">
          <h2 id="requests">Requests</h2>
          <Requests requests={live.requests} chosen={chosen} choose={choose} />
        </section>
        <section aria-labelledby="upstreams">
          <h2 id="upstreams">Upstreams</h2>
          <Upstreams upstreams={live.upstreams} mocks={live.mocks} />
        </section>
      </main>
    </>
  );
}

/** Newest first; a server that has started again counts from 1. */
function merged(old: readonly ShownRequest[], told: readonly ShownRequest[]): readonly ShownRequest[] {
  const all = new Map([...old, ...told].map((one) => [one.id, one]));
  return [...all.values()].sort((a, b) => b.at - a.at || b.id - a.id).slice(0, MOST_REQUESTS);
}

const place = document.getElementById("page");
if (place !== null) {
  place.replaceChildren();
  render(<Page />, place);
}
