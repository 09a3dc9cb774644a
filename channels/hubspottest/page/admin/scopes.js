// What HubSpot's scopes allow an app, in the words of a consent page.

import words from "./scopes.json" with { type: "json" };

export const describeScope = (scope) => words[scope] ?? "Other access";
