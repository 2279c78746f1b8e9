/** The first request to end is orderly, the second at once. */
export interface SignalHandlers {
  readonly onStop: (signal: string) => void;
  readonly onForce: (signal: string) => void;
}

/** Listens to SIGTERM and SIGINT; the returned function stops listening. */
export function onStopSignals(handlers: SignalHandlers): () => void {
  let asked = false;
  const listener = (signal: string): void => {
    if (asked) {
      handlers.onForce(signal);
      return;
    }
    asked = true;
    handlers.onStop(signal);
  };
  process.on("SIGTERM", listener);
  process.on("SIGINT", listener);
  return () => {
    process.off("SIGTERM", listener);
    process.off("SIGINT", listener);
  };
}

/** Listens to what nobody has caught, thrown or rejected; the returned function stops listening. */
export function onUncaught(handler: (error: unknown) => void): () => void {
  process.on("uncaughtException", handler);
  process.on("unhandledRejection", handler);
  return () => {
    process.off("uncaughtException", handler);
    process.off("unhandledRejection", handler);
  };
}
