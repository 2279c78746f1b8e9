/** What GitHub says, word for word as clients meet it: they tell one refusal from another by these. */
export const TEXT = {
  notFound: "Not Found",
  moved: "Moved Permanently",
  badCredentials: "Bad credentials",
  requiresAuthentication: "Requires authentication",
  badJwt: "A JSON web token could not be decoded",
  expired:
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
  tooFar: "'Expiration time' claim ('exp') is too far in the future",
  issuedAt: "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
  issuer: "Missing 'issuer' claim ('iss') in assertion",
  suspended: "This installation has been suspended",
  permissions: "The permissions requested are not granted to this installation.",
  repositories: "There is at least one repository that does not exist or is not accessible to the parent installation.",
  tooManyRepositories: "Too many repositories for installation",
  badJson: "Problems parsing JSON",
  badRequest: "Invalid request.",
  primaryLimit: "API rate limit exceeded for installation ID 1001.",
  secondaryLimit:
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on scraping GitHub and how it may affect your rights, please review our Terms of Service.",
  serverError: "Server Error",
} as const;

const DOCUMENTATION = "https://docs.github.com/rest";

/** A refusal in the one shape that every endpoint of GitHub's API uses. */
export interface ErrorBody {
  readonly message: string;
  readonly documentation_url: string;
  /** The HTTP status again, as a string. */
  readonly status: string;
}

export function errorBody(status: number, message: string): ErrorBody {
  return { message, documentation_url: DOCUMENTATION, status: String(status) };
}
