import type { RuncibleError } from "../../internal/errors";
import { ambiguousRef } from "../../wire/docker-errors";

/** What people call a thing: its id, a unique prefix of it, or its name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Finds things by full id, then name, then unique id prefix: Docker's order. */
export class RefIndex<T extends Named> {
  readonly #byId = new Map<string, T>();

  get size(): number {
    return this.#byId.size;
  }

  values(): readonly T[] {
    return [...this.#byId.values()];
  }

  add(item: T): void {
    this.#byId.set(item.id, item);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  named(name: string): T | undefined {
    return this.values().find((item) => item.name === name);
  }

  /** Throws `invalid-argument` when a prefix fits several; `notFound(ref)` when nothing fits. */
  find(ref: string, notFound: (ref: string) => RuncibleError): T {
    const plain = ref.startsWith("/") ? ref.slice(1) : ref;
    const exact = this.#byId.get(plain) ?? this.named(plain);
    if (exact !== undefined) return exact;
    const candidates = /^[0-9a-f]+$/.test(plain) ? this.values().filter((item) => item.id.startsWith(plain)) : [];
    if (candidates.length > 1) throw ambiguousRef(ref);
    const [only] = candidates;
    if (only === undefined) throw notFound(ref);
    return only;
  }
}
