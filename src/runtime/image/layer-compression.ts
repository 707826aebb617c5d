export type LayerCompression = "gzip" | "zstd" | "none";

/** What compressed bytes begin with tells the format, whatever a media type says. */
export function compressionOf(start: Uint8Array): LayerCompression {
  const [first, second, third, fourth] = start;
  if (first === 0x1f && second === 0x8b) return "gzip";
  if (first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd) return "zstd";
  return "none";
}
