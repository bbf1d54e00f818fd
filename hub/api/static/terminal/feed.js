// Output on its way to the screen, which takes it more slowly than it may come.

const DRAWN_MAX = 512 * 1024;
const WAITING_MAX = 32 * 1024 * 1024;

/**
 * Hands pieces on in their order, no more at once than the screen has soon drawn.
 *
 * `draw(bytes, done)` calls `done` when a piece is drawn. Where far too much waits, the oldest of
 * it is `lost(bytes)`, so that the page lives whatever a program prints.
 */
export class Feed {
  #draw; #lost; #pieces = []; #waiting = 0; #drawn = 0;

  constructor(draw, lost) {
    this.#draw = draw;
    this.#lost = lost;
  }

  push(bytes) {
    this.#pieces.push(bytes);
    this.#waiting += bytes.length;
    if (this.#waiting > WAITING_MAX) this.#drop();
    this.#flow();
  }

  #flow() {
    while (this.#pieces.length && this.#drawn < DRAWN_MAX) {
      const piece = this.#pieces.shift();
      this.#waiting -= piece.length;
      this.#drawn += piece.length;
      this.#draw(piece, () => {
        this.#drawn -= piece.length;
        this.#flow();
      });
    }
  }

  #drop() {
    let bytes = 0;
    while (this.#waiting > WAITING_MAX / 2) {
      const { length } = this.#pieces.shift();
      this.#waiting -= length;
      bytes += length;
    }
    this.#lost(bytes);
  }
}
