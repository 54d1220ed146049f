"""The same two routes as http-sample, by FastAPI."""
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get('/')
async def root():
    return PlainTextResponse('ok')


@app.post('/p')
async def count(request: Request):
    return PlainTextResponse(str(len(await request.body())))
