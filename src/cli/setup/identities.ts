/** Users of the containers, as compose.yaml has them. */
export const BROKER_UID = 10_001;
export const AGENT_UID = 10_002;
/** Where the agents' working folders are, in the bot's container. */
export const CONTAINER_WORKSPACE = "/workspace";
