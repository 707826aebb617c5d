import type { Readable } from "node:stream";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { checkedText } from "../checks";
import { ImageName } from "../image/image-name";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import { type PortWithOptionalBinding, portKey } from "../ports/port";
import type { WaitStrategy } from "../wait/wait-strategy";
import type {
  ArchiveToCopy,
  ContentToCopy,
  CopyToContainerOptions,
  DirectoryToCopy,
  FileToCopy,
  HealthCheck,
} from "./types";

/**
 * What is known of a container that is to be. Names and protected state are those that modules and users subclass
 * (contract, sections 0 and 1.5): plain fields, `createOpts` and `hostConfig` read only when it is created.
 */
export abstract class RequestState {
  protected createOpts: ContainerCreateOptions;
  protected hostConfig: HostConfig = { AutoRemove: false };
  protected imageName: ImageName;
  protected startupTimeoutMs?: number;
  protected waitStrategy: WaitStrategy | undefined;
  protected environment: Record<string, string> = {};
  protected exposedPorts: PortWithOptionalBinding[] = [];
  protected reuse = false;
  protected autoCleanup = true;
  protected autoRemove = true;
  protected networkMode?: string;
  protected networkAliases: string[] = [];
  protected pullPolicy: ImagePullPolicy = PullPolicy.defaultPolicy();
  protected logConsumer?: (stream: Readable) => unknown;
  protected filesToCopy: FileToCopy[] = [];
  protected directoriesToCopy: DirectoryToCopy[] = [];
  protected contentsToCopy: ContentToCopy[] = [];
  protected archivesToCopy: ArchiveToCopy[] = [];
  protected copyToContainerOptions: CopyToContainerOptions = {};
  protected healthCheck?: HealthCheck;

  constructor(image: string) {
    // Whether a text names an image is asked at the start, as in the original: not every container that is written down
    // starts.
    this.imageName = ImageName.fromString(image === "" ? image : checkedText(image, "the image"));
    this.createOpts = { Image: this.imageName.string };
  }

  protected hasExposedPort(port: PortWithOptionalBinding): boolean {
    return Object.hasOwn(this.createOpts.ExposedPorts ?? {}, portKey(port));
  }
}
