/** Splits `host:5000/name:tag` or `name@sha256:…` the way a pull wants it; no tag means `latest`. */
export function splitImageName(text: string): { readonly name: string; readonly tag: string } {
  const at = text.indexOf("@");
  if (at !== -1) return { name: text.slice(0, at), tag: text.slice(at + 1) };
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return colon === -1 ? { name: text, tag: "latest" } : { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}
