import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { RuncibleError } from "../../internal/errors";

/** What keeps the process alive while it is held. */
export interface Hold {
  take(): void;
  release(): void;
}

/**
 * A channel of an SSH connection in the form of a socket of node:net, as far as HTTP needs one. A channel itself will
 * not do: it never calls back for what is written after its end, does not say that it was destroyed, and has no
 * `unref`.
 */
export class ChannelSocket extends Duplex {
  readonly #channel: ClientChannel;
  readonly #hold: Hold;
  #isHeld = true;

  /** Takes over a hold that has been taken. */
  constructor(channel: ClientChannel, hold: Hold) {
    // As a socket: when the other end has ended, so does this.
    super({ allowHalfOpen: false });
    this.#channel = channel;
    this.#hold = hold;
    channel.on("error", (error: Error) => this.destroy(error));
    channel.on("data", (chunk: Buffer) => {
      if (!this.destroyed && !this.push(chunk)) channel.pause();
    });
    channel.on("end", () => this.endReached());
    channel.on("close", () => this.closeReached());
  }

  /** The other end will send no more. */
  protected endReached(): void {
    if (this.destroyed) return;
    this.push(null);
    // Seen although nobody reads, as an idle connection must not be used again.
    this.read(0);
  }

  protected closeReached(): void {
    // Its own end of what was sent has no way to go any more.
    if (this.readableEnded) this.destroy();
    else this.once("end", () => this.destroy());
  }

  ref(): this {
    if (!this.#isHeld && !this.destroyed) {
      this.#isHeld = true;
      this.#hold.take();
    }
    return this;
  }

  unref(): this {
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#hold.release();
    }
    return this;
  }

  /** Those of the connection hold for all channels. */
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#channel.writable) this.#channel.write(chunk, done);
    else done(new RuncibleError("engine-unreachable", "write to the daemon: its end of the SSH channel is closed"));
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.destroy();
    // What still comes is dropped: the channel is gone only when it has been read to its end.
    this.#channel.resume();
    this.unref();
    done(error);
  }
}
