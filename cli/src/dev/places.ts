// Ports of servers that come and go: one that is renamed, or comes back, has the port that it had.

interface Place {
  /** Name of the current or last server of the place. */
  name: string;
  port: number;
  isTaken: boolean;
}

export class Places {
  readonly #first: number;
  readonly #all: Place[] = [];

  /** @param first the first place's port, and those after it have the next ones; 0: free ones */
  constructor(first: number) {
    this.#first = first;
  }

  /** Takes the server's former place, or else the first free one. Returns its number, from 0, and its port. */
  take(name: string): { readonly index: number; readonly port: number } {
    const free = this.#all.filter(({ isTaken }) => !isTaken);
    let place = free.find((place) => place.name === name) ?? free[0];
    if (place === undefined) {
      place = { name, port: this.#first === 0 ? 0 : this.#first + this.#all.length, isTaken: true };
      this.#all.push(place);
    }
    Object.assign(place, { name, isTaken: true });
    return { index: this.#all.indexOf(place), port: place.port };
  }

  /**
   * Frees the place of a stopped server.
   *
   * @param port port of the server; 0: it had none yet
   */
  leave(name: string, port: number): void {
    const place = this.#all.find((place) => place.isTaken && place.name === name);
    if (place !== undefined) Object.assign(place, { port, isTaken: false });
  }
}
