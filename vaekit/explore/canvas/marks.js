// What is written and marked on a map.

// in pixels of the canvas, two to each CSS pixel
const NAMES = "bold 26px system-ui, sans-serif";
const NAME_HEIGHT = 32;

/** Words moved up and down until none covers another, and into the canvas. */
function apart(words, side) {
  for (const word of words) {
    const reach = Math.min(word.width / 2 + 6, side / 2);
    word.x = clamp(word.x, reach, side - reach);
  }
  // a few passes suffice for the names of ten classes
  for (let pass = 0; pass < 40; pass++) {
    words.forEach((one, i) => words.slice(i + 1).forEach((other) => {
      const across = (one.width + other.width) / 2 - Math.abs(one.x - other.x);
      const down = NAME_HEIGHT - Math.abs(one.y - other.y);
      if (across <= 0 || down <= 0) return;
      const [upper, lower] = one.y <= other.y ? [one, other] : [other, one];
      upper.y -= down / 2;
      lower.y += down / 2;
    }));
    for (const word of words) word.y = clamp(word.y, NAME_HEIGHT / 2, side - NAME_HEIGHT / 2);
  }
  return words;
}

/** A word with an outline, which can be read on every colour. */
function written(context, word, x, y) {
  context.font = NAMES;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.strokeStyle = "#000";
  context.lineWidth = 7;
  context.strokeText(word, x, y);
  context.fillStyle = "#fff";
  context.fillText(word, x, y);
}

/** A letter in a disc: a point that was pinned. */
function badge(context, x, y, letter) {
  dot(context, x, y, 17, "#0072b2");
  context.font = NAMES;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "#fff";
  context.fillText(letter, x, y - 1);
}

/** Lines through the origin of a latent space, and the names of its axes. */
function drawAxes(context, onCanvas, ink, side) {
  const [x, y] = onCanvas(0, 0);
  context.strokeStyle = ink;
  context.globalAlpha = 0.35;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(side, y);
  context.moveTo(x, 0);
  context.lineTo(x, side);
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.font = "26px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText("z₁", side - 8, clamp(y - 16, 30, side - 20));
  context.textAlign = "left";
  context.fillText("z₂", clamp(x + 10, 8, side - 40), 20);
}

/** Where the walk stands. */
function star(context, x, y) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = k % 2 ? 9 : 21;
    const angle = (k / 10) * 2 * Math.PI - Math.PI / 2;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  context.lineWidth = 6;
  context.strokeStyle = "#000";
  context.stroke();
  context.fillStyle = "#ffd92f";
  context.fill();
}
