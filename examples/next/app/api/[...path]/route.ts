import { bff } from "../../../bff";

const answer = async (request: Request): Promise<Response> => (await bff()).fetch(request);

export { answer as GET, answer as POST };
