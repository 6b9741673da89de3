// Parts of the analysis of one program.
import type { ts as TypeScript } from "ts-morph";
import type { Graph } from "./graph.ts";
import type { Kinds } from "./kinds.ts";
import type { Origins } from "./origin.ts";

/** The program, and the finders of its declarations and kinds. */
export interface Parts {
  readonly ts: typeof TypeScript;
  readonly checker: TypeScript.TypeChecker;
  readonly origins: Origins;
  readonly kinds: Kinds;
  readonly graph: Graph;
}

/** Records that a value of one type is assigned to another one. */
export type Flow = (source: TypeScript.Type, target: TypeScript.Type, place: string) => void;

/** Parts of the analysis of one program. */
export interface Analysis extends Parts {
  readonly flow: Flow;
  /** Place of a node, as `web/src/Card.tsx:14`. */
  readonly placeOf: (node: TypeScript.Node) => string;
}

/** A class with the parts of its analysis. */
export class WithParts {
  protected readonly ts: Parts["ts"];
  protected readonly checker: Parts["checker"];
  protected readonly origins: Parts["origins"];
  protected readonly kinds: Parts["kinds"];
  protected readonly graph: Parts["graph"];

  constructor({ ts, checker, origins, kinds, graph }: Parts) {
    this.ts = ts;
    this.checker = checker;
    this.origins = origins;
    this.kinds = kinds;
    this.graph = graph;
  }
}

/** A recorder of one kind of nodes. */
export class Recorder extends WithParts {
  protected readonly flow: Analysis["flow"];
  protected readonly placeOf: Analysis["placeOf"];

  constructor(analysis: Analysis) {
    super(analysis);
    this.flow = analysis.flow;
    this.placeOf = analysis.placeOf;
  }
}
