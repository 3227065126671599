// For the type checker only: the official API is used untyped.
declare const sqlite3InitModule: (options: object) => Promise<any>;
export default sqlite3InitModule;
