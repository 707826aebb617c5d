/** One line of the demo: what it is about, and what happened. */
exports.say = function say(subject, text) {
  console.log(`${subject.padEnd(10)} ${text}`);
};
