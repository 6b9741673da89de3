// Steps of a random message that may be deferred; a step that depends on one of them is deferred, too.
import type { Expressions } from "./rich-expressions.ts";

export class Later {
  readonly #e: Expressions;
  readonly #names = new Set<string>();
  #chance: number;

  /** @param chance how many of those that need not */
  constructor(e: Expressions, chance: number) {
    this.#e = e;
    this.#chance = chance;
  }
  get any(): boolean {
    return this.#names.size > 0;
  }
  /**
   * Returns the step, perhaps deferred; none if it must not depend on a deferred one.
   *
   * @param sooner it is read nearly everywhere
   */
  of(step: string, sooner = false): readonly string[] {
    const [, name] = /^\{ name: "(\w+)"/.exec(step) ?? [];
    const rests = [...this.#names].some((stepName) => new RegExp(`(?<![.\\w])${stepName}\\b`).test(step));
    if (name === undefined) return rests ? [] : [step];
    if (!rests && !this.#e.chance(sooner ? this.#chance / 4 : this.#chance)) return [step];
    this.#names.add(name);
    return [step.replace(" supplementary: true", "").replace(`name: "${name}"`, `name: "${name}" defer: true`)];
  }
}
