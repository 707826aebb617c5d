const password = /(\b[a-z][a-z\d+.-]{0,30}:\/\/[^\s/?#:@"<>]*):(?!\$\{?\w+\}?@)[^\s/?#"<>]*@/gi;

/**
 * A text with `xxxxx` for the password of any URL in it (`scheme://user:password@…`). Variables stay as they are
 * written. Pure.
 */
export function withoutPasswords(text: string): string {
  return text.replace(password, "$1:xxxxx@");
}
