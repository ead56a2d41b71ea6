// Loaded with `node --import`: the wall clock of this process is wrong by SKEIN_TEST_CLOCK_MS, and with
// SKEIN_TEST_CLOCK_JUMPS_MS it jumps to the other side of the truth and back that often. Monotonic time stays right.
const off = Number(process.env.SKEIN_TEST_CLOCK_MS ?? "0");
const every = Number(process.env.SKEIN_TEST_CLOCK_JUMPS_MS ?? "0");
const RealDate = Date;

const now = () => {
  const side = every > 0 && Math.floor(performance.now() / every) % 2 === 1 ? -1 : 1;
  return RealDate.now() + side * off;
};

globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
