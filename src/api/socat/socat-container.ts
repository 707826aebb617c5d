import { checkedHost, checkedPort } from "../checks";
import { AbstractStartedContainer } from "../container/abstract-started-container";
import { GenericContainer } from "../container/generic-container";
import { ImageName } from "../image/image-name";
import { PullPolicy } from "../image/pull-policy";
import { onLivingEngine } from "../runtime/runtime";
import { randomUuid } from "../uuid";
import { nodeImage, type RelayTarget, relayCommand } from "./native-relay";

const defaultImage = "alpine/socat:1.7.4.3-r0";

/**
 * Forwards TCP ports to other containers: a way into a network for what publishes no port itself. Unless an image is
 * named, our own engine needs none; another daemon pulls `alpine/socat`.
 */
export class SocatContainer extends GenericContainer {
  readonly #targets: RelayTarget[] = [];
  readonly #isImageChosen: boolean;

  constructor(image: string | undefined = undefined) {
    super(image ?? defaultImage);
    this.#isImageChosen = image !== undefined;
    this.withName(`testcontainers-socat-${randomUuid()}`);
  }

  /** Publishes `exposePort`, and forwards it to a host that this container's network knows. */
  withTarget(exposePort: number, host: string, internalPort: number = exposePort): this {
    this.#targets.push({
      exposePort: checkedPort(exposePort, "the port to expose"),
      host: checkedHost(host, "the target's host"),
      internalPort: checkedPort(internalPort, "the target's port"),
    });
    return this.withExposedPorts(exposePort);
  }

  override async start(): Promise<StartedSocatContainer> {
    await onLivingEngine(async ({ engine, capabilities }) => {
      if (this.#isImageChosen || !capabilities.has("host-images")) return this.#runSocat();
      this.#runNode(await nodeImage(engine));
    });
    return new StartedSocatContainer(await super.start());
  }

  #runSocat(): void {
    const commands = this.#targets.map(
      ({ exposePort, host, internalPort }) =>
        `socat TCP-LISTEN:${exposePort},fork,reuseaddr TCP:${host}:${internalPort}`,
    );
    this.withEntrypoint(["/bin/sh"]).withCommand(["-c", commands.join(" & ")]);
  }

  #runNode(image: string): void {
    const { entrypoint, command } = relayCommand(this.#targets);
    this.imageName = ImageName.fromString(image);
    this.createOpts.Image = this.imageName.string;
    // It is made here: no registry has it.
    this.pullPolicy = PullPolicy.defaultPolicy();
    this.withEntrypoint(entrypoint).withCommand(command);
  }
}

export class StartedSocatContainer extends AbstractStartedContainer {}
