import { randomInt } from "node:crypto";
import { RuncibleError } from "../../internal/errors";

const adjectives =
  "amber bold brave bright brisk calm candid clever cosy crisp daring deft eager earnest fair fleet fond frank gentle glad golden graceful happy hardy honest humble jolly keen kind lively loyal lucid lunar mellow merry mighty modest neat nimble noble patient placid plucky polite proud quick quiet rapid ready serene sharp silver sincere sleek smart snug solar steady sturdy sunny swift tidy tranquil trusty vivid warm wise witty".split(
    " ",
  );
const people =
  "babbage banach bell bose carson cerf chandrasekhar cori curie darwin dijkstra dirac edison einstein engelbart euclid euler faraday fermat feynman franklin galileo gauss goodall haibt hamilton hawking hopper hypatia johnson joliot kalam kepler knuth lamport leavitt lear lovelace mccarthy meitner mendel mirzakhani newton nobel noether pasteur perlman planck ptolemy ramanujan ride ritchie sagan shannon shaw shockley spence stallman tesla thompson torvalds turing varahamihira wiles wilson wozniak wright yalow".split(
    " ",
  );

/** `adjective_surname`, with a number behind it when `isTaken` says so again and again. */
export function inventName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(adjectives)}_${pick(people)}${attempt < 6 ? "" : randomInt(attempt * 10)}`;
    if (!isTaken(name)) return name;
  }
}

/** Throws Docker's text as `invalid-argument`. */
export function checkName(name: string, shown: string = name): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return;
  throw new RuncibleError(
    "invalid-argument",
    `Invalid container name (${shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "plain";
}
