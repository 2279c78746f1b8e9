/** Numbers of https://core.telegram.org/bots/api and https://limits.tginfo.me; UTF-16 units where a text is measured. */
export const LIMITS = {
  text: 4096,
  caption: 1024,
  callbackDataBytes: 64,
  callbackAnswer: 200,
  topicName: 128,
  keyboardButtons: 100,
  commands: 100,
  commandDescription: 256,
  albumMin: 2,
  albumMax: 10,
  documentBytes: 50 * 1024 * 1024,
  photoBytes: 10 * 1024 * 1024,
  downloadBytes: 20 * 1024 * 1024,
  updatesPerPoll: 100,
  pollSeconds: 50,
  reactionsOfBot: 1,
} as const;

/** A whole request: the largest document, and room for its fields. */
export const MAX_BODY_BYTES = LIMITS.documentBytes + 1024 * 1024;

/** The emoji a bot may react with: ReactionTypeEmoji of the Bot API, none with a variation selector. */
export const REACTIONS: ReadonlySet<string> = new Set(
  (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 " +
    "🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
  ).split(" "),
);

/** Actions of sendChatAction. */
export const CHAT_ACTIONS = [
  "typing",
  "upload_photo",
  "record_video",
  "upload_video",
  "record_voice",
  "upload_voice",
  "upload_document",
  "choose_sticker",
  "find_location",
  "record_video_note",
  "upload_video_note",
] as const;
