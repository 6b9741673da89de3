// These packages load others only if they are needed.
export default { serverExternalPackages: ["@protobff/server", "@protobff/runtime"] };
