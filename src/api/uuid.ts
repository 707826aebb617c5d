import { createHash, randomUUID } from "node:crypto";

export interface Uuid {
  nextUuid(): string;
}

/** 12 hexadecimal digits. */
export class RandomUuid implements Uuid {
  nextUuid(): string {
    return randomUuid();
  }
}

export function randomUuid(): string {
  return createHash("sha256").update(randomUUID()).digest("hex").slice(0, 12);
}
