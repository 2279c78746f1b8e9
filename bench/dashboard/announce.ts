/** What each server of the benchmark tells the one who started it: where it listens, and when its heap is swept. */
export function announce(port: number): void {
  process.on("SIGUSR2", () => {
    globalThis.gc?.();
    globalThis.gc?.();
    console.log("swept");
  });
  console.log(JSON.stringify({ port }));
}
