const { use } = require("./use.js");

use(require("runcible"));
