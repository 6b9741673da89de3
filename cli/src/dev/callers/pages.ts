// Pages of `dev`'s issuer: HTML without scripts.

import type { Served } from "./caller-needs.ts";
import type { Principal } from "./principals.ts";

/** Returns the page on which the user chooses a principal. */
export function loginPage(query: URLSearchParams, principals: readonly Principal[]): string {
  const link = ({ name }: Principal): string => `/authorize?${new URLSearchParams([...query, ["as", name]])}`;
  const items = principals.map(
    (principal) => `<li><a href="${escaped(link(principal))}">${escaped(principal.name)}</a> ${shown(principal)}</li>`,
  );
  return page("Log in as", `<ul>${items.join("")}</ul>`);
}

/** Returns the home page, which lists the credentials of each server. */
export function homePage(url: string, served: ReadonlyMap<string, Served>, fault: string | undefined): string {
  const parts = [...served].map(([name, { ways }]) => {
    const items = ways.flatMap((way) => {
      if (way.kind !== "token") return [];
      const query = new URLSearchParams({ for: name, source: way.source.name });
      return [`<li><a href="/token?${escaped(String(query))}">a token for ${escaped(way.source.name)}</a></li>`];
    });
    return `<h2>${escaped(name)}</h2><ul>${items.join("")}</ul>`;
  });
  const wrong = fault === undefined ? "" : `<p>${escaped(fault)}</p>`;
  return page(`The issuer of protobff dev, ${escaped(url)}`, wrong + parts.join(""));
}

function page(title: string, body: string): string {
  const style = "body{font:16px/1.5 system-ui;max-width:50em;margin:2em auto;padding:0 1em}code{word-break:break-word}";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>`;
}

const shown = ({ claims }: Principal): string => `<code>${escaped(JSON.stringify(claims))}</code>`;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
