// What HubSpot's scopes allow an app, in the words of a consent page.

const SCOPES = {
  "oauth": "Be installed in this account",
  "conversations.custom_channels.read": "See its channels and their messages",
  "conversations.custom_channels.write": "Connect channels, and bring customers’ messages in",
  "conversations.read": "Read conversations, inboxes and who takes part",
  "conversations.write": "Change conversations and write in them",
  "conversations.visitor_identification.tokens.create": "Identify visitors in chats",
  "crm.objects.contacts.read": "See contacts",
  "crm.objects.contacts.write": "Create and change contacts",
  "crm.objects.owners.read": "See who owns records",
  "files": "Read and upload files",
  "files.read": "Read files",
  "files.write": "Upload files",
  "files.ui_hidden.read": "Read files that the file manager does not show",
  "files.ui_hidden.write": "Upload files that the file manager does not show",
  "settings.users.read": "See this account’s users",
  "tickets": "See and change tickets",
};

export const describeScope = (scope) => SCOPES[scope] ?? "Other access";
